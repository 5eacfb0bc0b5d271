// SPDX-License-Identifier: Apache-2.0
// Sends one GET over and over on keep-alive connections and prints, as JSON, how many were answered
// and how long it took. With RATE 0 each connection sends as soon as it has its answer; else
// request i is due at i/RATE seconds and its latency counts from then, also when no connection was
// free to send it (no coordinated omission).
//     TOKEN=… load ADDRESS:PORT PATH CONNECTIONS SECONDS RATE      (an IPv4 address)
// One thread asks the kernel for answers and for the next due time at once, to microseconds: a
// runtime that puts connections to sleep tells of an answer only when one of them wakes, so that
// what it measures is its own timer.
#include <algorithm>
#include <cctype>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t connections_max = 256, requests_max = 2'000'000;
constexpr double seconds_max = 60;
constexpr auto answer_max = 10s;

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

struct Plan {
    sockaddr_in address{};
    std::string request;
    std::size_t connections = 0;
    double seconds = 0, rate = 0;
};

/// One keep-alive connection; it has at most one request under way.
class Connection {
  public:
    explicit Connection(const sockaddr_in& address) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
        const int on = 1;
        if (fd_ < 0 || connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) ||
            setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on))
            fail("connect");
    }
    ~Connection() { close(fd_); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    void send(const std::string& request, Clock::time_point due) {
        due_ = due;
        answer_.clear();
        if (::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(request.size()))
            fail("send");
    }

    /// Takes what has come; true: the answer is whole.
    bool receive() {
        static char piece[256 * 1024];
        const auto size = recv(fd_, piece, sizeof piece, 0);
        if (size == 0) throw std::runtime_error("the server closed a connection");
        if (size < 0) fail("recv");
        answer_.append(piece, static_cast<std::size_t>(size));
        const auto head = answer_.find("\r\n\r\n");
        if (head == std::string::npos) return false;
        if (!answer_.starts_with("HTTP/1.1 200 "))
            throw std::runtime_error("answered " + answer_.substr(0, answer_.find('\r')));
        return answer_.size() >= head + 4 + content_length(head);
    }

    [[nodiscard]] int fd() const { return fd_; }
    [[nodiscard]] Clock::time_point due() const { return due_; }

  private:
    [[nodiscard]] std::size_t content_length(std::size_t head) const {
        std::string lower = answer_.substr(0, head);
        std::ranges::transform(lower, lower.begin(),
                               [](unsigned char letter) { return std::tolower(letter); });
        constexpr std::string_view name = "\r\ncontent-length:";
        const auto at = lower.find(name);
        if (at == std::string::npos) throw std::runtime_error("an answer without Content-Length");
        return std::stoul(lower.substr(at + name.size()));
    }

    const int fd_;
    Clock::time_point due_;
    std::string answer_;
};

class Load {
  public:
    explicit Load(const Plan& plan) : plan_(plan), epoll_(epoll_create1(0)) {
        for (std::size_t i = 0; i < plan.connections; ++i) {
            auto& one = *connections_.emplace_back(std::make_unique<Connection>(plan.address));
            epoll_event event{.events = EPOLLIN, .data = {.ptr = &one}};
            if (epoll_ctl(epoll_, EPOLL_CTL_ADD, one.fd(), &event)) fail("epoll_ctl");
            free_.push_back(&one);
        }
    }

    void run() {
        began_ = Clock::now();
        while (true) {
            send_due();
            if (free_.size() == connections_.size() && !next_due()) break;
            receive(wait_time());
        }
        took_ = std::chrono::duration<double>(Clock::now() - began_).count();
    }

    void print() {
        std::cout << "{\"requests\": " << latencies_.size() << ", \"seconds\": " << took_
                  << ", \"p50\": " << percentile(latencies_, 0.50)
                  << ", \"p99\": " << percentile(latencies_, 0.99)
                  << ", \"late_p99\": " << percentile(delays_, 0.99) << "}\n";
    }

  private:
    /// When the next request is to be sent; nothing once the run is over.
    [[nodiscard]] std::optional<Clock::time_point> next_due() const {
        const auto after = plan_.rate > 0 ? std::chrono::nanoseconds(std::llround(
                                                1e9 * static_cast<double>(sent_) / plan_.rate))
                                          : std::chrono::nanoseconds(Clock::now() - began_);
        if (sent_ >= requests_max || after >= std::chrono::duration<double>(plan_.seconds))
            return {};
        return began_ + after;
    }

    void send_due() {
        while (!free_.empty()) {
            const auto due = next_due();
            const auto now = Clock::now();
            if (!due || *due > now) return;
            delays_.push_back(now - *due);
            free_.front()->send(plan_.request, *due);
            free_.pop_front();
            ++sent_;
        }
    }

    [[nodiscard]] std::chrono::nanoseconds wait_time() const {
        const auto due = free_.empty() ? std::nullopt : next_due();
        return due ? std::max<std::chrono::nanoseconds>(*due - Clock::now(), 0ns) : answer_max;
    }

    void receive(std::chrono::nanoseconds wait) {
        const auto whole = std::chrono::floor<std::chrono::seconds>(wait);
        const timespec time{whole.count(), (wait - whole).count()};
        epoll_event events[connections_max];
        const int count = epoll_pwait2(epoll_, events, connections_max, &time, nullptr);
        if (count < 0 && errno != EINTR) fail("epoll_pwait2");
        if (count == 0 && wait >= answer_max) throw std::runtime_error("no answer in 10 s");
        for (int i = 0; i < count; ++i) {
            auto* const one = static_cast<Connection*>(events[i].data.ptr);
            if (!one->receive()) continue;
            latencies_.push_back(Clock::now() - one->due());
            free_.push_back(one);
        }
    }

    /// In milliseconds.
    static double percentile(std::vector<Clock::duration>& times, double share) {
        if (times.empty()) return 0;
        std::ranges::sort(times);
        const auto at = static_cast<std::size_t>(share * static_cast<double>(times.size()));
        return std::chrono::duration<double, std::milli>(times[std::min(at, times.size() - 1)])
            .count();
    }

    const Plan& plan_;
    const int epoll_;
    std::vector<std::unique_ptr<Connection>> connections_;
    std::deque<Connection*> free_;  // in turn
    Clock::time_point began_;
    std::size_t sent_ = 0;
    double took_ = 0;
    std::vector<Clock::duration> latencies_, delays_;
};

std::optional<Plan> read_plan(int count, char** words) {
    const char* const token = std::getenv("TOKEN");
    if (count != 6 || token == nullptr) return {};
    Plan plan;
    const std::string host = words[1];
    const auto colon = host.find(':');
    if (colon == std::string::npos) return {};
    plan.address.sin_family = AF_INET;
    plan.address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(host.substr(colon + 1))));
    if (inet_pton(AF_INET, host.substr(0, colon).c_str(), &plan.address.sin_addr) != 1) return {};
    plan.request = "GET " + std::string(words[2]) + " HTTP/1.1\r\nHost: " + host +
                   "\r\nAuthorization: Bearer " + token + "\r\n\r\n";
    plan.connections = std::stoul(words[3]);
    plan.seconds = std::stod(words[4]);
    plan.rate = std::stod(words[5]);
    if (plan.connections < 1 || plan.connections > connections_max || plan.rate < 0 ||
        !(plan.seconds <= seconds_max))
        return {};
    return plan;
}

}  // namespace

int main(int count, char** words) try {
    const auto plan = read_plan(count, words);
    if (!plan) {
        std::cerr << "TOKEN=… load ADDRESS:PORT PATH CONNECTIONS SECONDS RATE\n";
        return 2;
    }
    prctl(PR_SET_TIMERSLACK, 1UL);  // else each due time is met 50 µs late
    Load load(*plan);
    load.run();
    load.print();
    return 0;
} catch (const std::exception& error) {
    std::cerr << "load: " << error.what() << "\n";
    return 1;
}
