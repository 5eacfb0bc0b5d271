// SPDX-License-Identifier: Apache-2.0
#include "http/edge.hpp"

#include "http/status.hpp"

#include <algorithm>
#include <csignal>

namespace stoa::http {
namespace {

/// In which every member is looked at, evenly: what is closed comes from all of its moments.
constexpr std::chrono::milliseconds sweep_round{500};
constexpr std::size_t swept_per_turn = 128;
/// To look at a member takes nanoseconds, to refuse its request tens of microseconds. However many
/// are past their deadline at once, nine tenths of the thread are left to everybody else.
constexpr std::chrono::microseconds sweep_turn{50};
constexpr std::chrono::microseconds sweep_rest_min{500};
constexpr std::chrono::milliseconds flush_interval{1};
constexpr std::chrono::milliseconds retry_interval{5};
/// Connections beyond these are closed without a word.
constexpr std::size_t refusals_max = 64;

}  // namespace

RequestMeters::RequestMeters(Metrics& metrics, const Routes& routes)
    : metrics_(metrics), routes_(routes.all()), by_route_(routes.all().size() + 1) {}

RequestMeters::Series& RequestMeters::series_of(std::size_t index, std::string_view method) {
    for (auto& series : by_route_[index]) {
        if (series.method == method) return series;
    }
    const std::string route = index < routes_.size() ? routes_[index].path : "unmatched";
    return by_route_[index].emplace_back(
        Series{std::string(method),
               metrics_.seconds("stoa_http_request_duration_seconds",
                                "From a request's head to the last byte of its answer.",
                                {{"route", route}, {"method", std::string(method)}}),
               {}});
}

void RequestMeters::count(const Route* route, std::string_view method, int status, double seconds) {
    const auto index =
        route == nullptr ? routes_.size() : static_cast<std::size_t>(route - routes_.data());
    auto& series = series_of(index, method);
    series.duration.observe(seconds);
    for (auto& [known, counter] : series.by_status) {
        if (known == status) return counter.add();
    }
    auto counter = metrics_.counter("stoa_http_requests_total", "Requests answered.",
                                    {{"route", route == nullptr ? "unmatched" : route->path},
                                     {"method", series.method},
                                     {"status", std::to_string(status)}});
    counter.add();
    series.by_status.emplace_back(status, counter);
}

Edge::Edge(Metrics& metrics, const Routes& routes) : meters_(metrics, routes) {}

void Edge::start() {
    arm_sweep(sweep_round, SIZE_MAX);
    thread_ = std::jthread([this] {
        // OpenSSL cannot be told to leave the signal out.
        sigset_t broken_pipe;
        sigemptyset(&broken_pipe);
        sigaddset(&broken_pipe, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
        io_.run();
    });
}

void Edge::end() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
    std::vector<std::shared_ptr<EdgeMember>> dirty;
    std::vector<std::function<void()>> retries;
    {
        const std::lock_guard lock(mutex_);
        ended_ = true;
        dirty.swap(dirty_);
        retries.swap(retries_);
    }
    for_each_member([](EdgeMember& member) { member.abort(); });
    sweep_timer_.cancel();
    flush_timer_.cancel();
    retry_timer_.cancel();
    // Runs the cancelled handlers, which lets go of the connections they hold.
    io_.restart();
    io_.poll();
}

void Edge::add(std::shared_ptr<EdgeMember> member) {
    member->slot_ = members_.size();
    members_.push_back(std::move(member));
}

void Edge::remove(EdgeMember& member) {
    const auto slot = member.slot_;
    members_.back()->slot_ = slot;
    const auto removed = std::exchange(members_[slot], std::move(members_.back()));
    members_.pop_back();
}

void Edge::arm_sweep(SteadyClock::duration rest, std::size_t left) {
    sweep_timer_.expires_after(rest);
    sweep_timer_.async_wait([this, left](const boost::system::error_code& error) {
        if (!error) sweep_part(left);
    });
}

/// Some of the first `left` members, from the back; then those before them, or all again. One that
/// moves meanwhile is at worst swept twice.
void Edge::sweep_part(std::size_t left) {
    const auto started = SteadyClock::now();
    auto now = started;
    const auto all = members_.size();
    left = std::min(left, all);
    std::size_t swept = 0;
    for (; swept < swept_per_turn && left > 0 && now - started < sweep_turn; ++swept) {
        const std::shared_ptr<EdgeMember> member = members_[--left];
        member->sweep(now);
        left = std::min(left, members_.size());
        now = SteadyClock::now();
    }
    SteadyClock::duration rest = sweep_round;
    if (all > 0) {
        rest = rest * static_cast<int>(swept) / static_cast<std::int64_t>(all);
        rest = std::max<SteadyClock::duration>(rest, sweep_rest_min);
    }
    arm_sweep(rest, left > 0 ? left : SIZE_MAX);
}

void Edge::flush_soon(std::shared_ptr<EdgeMember> member) {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    dirty_.push_back(std::move(member));
    if (dirty_.size() == 1) asio::post(io_, [this] { flush_dirty(); });
}

/// At once after a pause; under load at most once per interval, so that what comes in between
/// shares one write per connection.
void Edge::flush_dirty() {
    const auto now = SteadyClock::now();
    if (now - flushed_at_ < flush_interval) {
        flush_timer_.expires_at(flushed_at_ + flush_interval);
        flush_timer_.async_wait([this](const boost::system::error_code& error) {
            if (!error) flush_dirty();
        });
        return;
    }
    flushed_at_ = now;
    std::vector<std::shared_ptr<EdgeMember>> dirty;
    {
        const std::lock_guard lock(mutex_);
        dirty.swap(dirty_);
    }
    for (const auto& member : dirty) member->flush();
}

void Edge::retry_soon(std::function<void()> function) {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    retries_.push_back(std::move(function));
    if (retries_.size() > 1) return;
    asio::post(io_, [this] {
        retry_timer_.expires_after(retry_interval);
        retry_timer_.async_wait([this](const boost::system::error_code& error) {
            if (!error) run_retries();
        });
    });
}

void Edge::run_retries() {
    std::vector<std::function<void()>> retries;
    {
        const std::lock_guard lock(mutex_);
        retries.swap(retries_);
    }
    for (const auto& retry : retries) retry();
}

Core::Core(ServerOptions chosen, const Routes& table, Authenticator check, WorkerPool& workers,
           WorkerPool& slow_workers, Metrics& registry, Limiter limits)
    : options(std::move(chosen)),
      routes(table),
      authenticate(std::move(check)),
      limiter(std::move(limits)),
      pool(workers),
      slow_pool(slow_workers),
      connections(options.connections_max,
                  registry.gauge("stoa_http_connections", "Open connections, sockets included.")),
      networks(options.connections_per_address_max),
      uploads_by_user(options.uploads_per_user_max),
      slow_by_user(options.slow_per_user_max),
      refusals(refusals_max, registry.gauge("stoa_http_connections_refusing",
                                            "Connections that are told that there are too many.")),
      sockets(options.connections_max,
              registry.gauge("stoa_http_sockets", "WebSocket connections whose handler lives.")),
      socket_messages_in(
          registry.counter("stoa_http_socket_messages_received_total", "WebSocket messages in.")),
      socket_messages_out(
          registry.counter("stoa_http_socket_messages_sent_total", "WebSocket frames out.")),
      sockets_overloaded(registry.counter("stoa_http_sockets_overloaded_total",
                                          "Sockets closed since their peer read too slowly.")),
      answers_cut(
          registry.counter("stoa_http_answers_cut_total", "Answers that ended in their middle.")) {
    for (std::size_t i = 0; i < std::max<std::size_t>(options.threads, 1); ++i) {
        edges.push_back(std::make_unique<Edge>(registry, routes));
    }
}

tl::expected<ConnectionTicket, Refusal> Core::admit(const Address& peer) {
    ConnectionTicket ticket;
    if (!options.trusted_proxies.contains(peer)) {
        auto of_network = networks.enter(network_of(peer.text()));
        if (!of_network) {
            return tl::unexpected(Refusal{429, "too_many_connections",
                                          "There are too many connections from your address."});
        }
        ticket.of_network = std::move(*of_network);
    }
    auto of_all = connections.enter();
    if (!of_all) {
        return tl::unexpected(
            Refusal{503, "overloaded", "The server has more connections than it can take."});
    }
    ticket.of_all = std::move(*of_all);
    return ticket;
}

}  // namespace stoa::http
