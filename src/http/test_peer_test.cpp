// SPDX-License-Identifier: Apache-2.0
#include "http/test_peer.hpp"

#include "http/url.hpp"
#include "http/websocket_frame.hpp"

#include <chrono>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace stoa::http {

std::string Reply::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (key == name) return value;
    }
    return {};
}

Peer::Peer(std::uint16_t port, int receive_buffer_bytes)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer_bytes > 0) {
        setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes,
                   sizeof receive_buffer_bytes);
    }
    const timeval limit{20, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        throw std::runtime_error("cannot connect to the test server");
    }
}

Peer::~Peer() { ::close(socket_); }

bool Peer::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

void Peer::end_sending() { ::shutdown(socket_, SHUT_WR); }

void Peer::vanish() {
    const linger now{1, 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    ::close(socket_);
    socket_ = -1;
}

bool Peer::fill() {
    std::array<char, 64 * 1024> bytes;
    const auto size = ::recv(socket_, bytes.data(), bytes.size(), 0);
    if (size <= 0) return false;
    in_.append(bytes.data(), static_cast<std::size_t>(size));
    return true;
}

bool Peer::at_end() { return in_.empty() && !fill(); }

std::string Peer::read_bytes(std::size_t size) {
    while (in_.size() < size && fill()) {
    }
    auto bytes = in_.substr(0, size);
    in_.erase(0, size);
    return bytes;
}

std::string Peer::take_line() {
    for (;;) {
        if (const auto end = in_.find("\r\n"); end != std::string::npos) {
            auto line = in_.substr(0, end);
            in_.erase(0, end + 2);
            return line;
        }
        if (!fill()) return {};
    }
}

Reply Peer::read_reply(bool of_head_request) {
    Reply reply;
    const auto status_line = take_line();
    if (!status_line.starts_with("HTTP/1.1 ")) return reply;
    reply.status = std::stoi(status_line.substr(9, 3));
    for (auto line = take_line(); !line.empty(); line = take_line()) {
        const auto colon = line.find(": ");
        auto name = line.substr(0, colon);
        for (auto& c : name) c = static_cast<char>(std::tolower(c));
        reply.headers.emplace_back(std::move(name), line.substr(colon + 2));
    }
    if (reply.status == 101 || reply.status == 100) return reply;
    if (reply.header("transfer-encoding") == "chunked") {
        for (;;) {
            const auto line = take_line();
            if (line.empty()) return reply;
            const auto size = std::stoul(line, nullptr, 16);
            reply.body += read_bytes(size);
            if (read_bytes(2).size() < 2) return reply;
            if (size == 0) break;
        }
        reply.whole = true;
    } else if (const auto length = reply.header("content-length"); !length.empty()) {
        if (!of_head_request) reply.body = read_bytes(std::stoul(length));
        reply.whole = of_head_request || reply.body.size() == std::stoul(length);
    } else if (reply.status == 204 || reply.status == 304) {
        reply.whole = true;
    }
    return reply;
}

Reply Peer::upgrade(std::string_view path, std::string_view more_headers) {
    send("GET " + std::string(path) +
         " HTTP/1.1\r\nHost: stoa.test\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
         std::string(more_headers) + "\r\n");
    return read_reply();
}

void Peer::send_text(std::string_view text) { send(make_frame(Opcode::text, text, 0x12345678)); }

int Peer::Message::close_code() const {
    if (opcode != 8 || payload.size() < 2) return 0;
    return static_cast<unsigned char>(payload[0]) * 256 + static_cast<unsigned char>(payload[1]);
}

Peer::Message Peer::read_message() {
    const auto head = read_bytes(2);
    if (head.size() < 2) return {};
    Message message;
    message.opcode = head[0] & 0x0F;
    std::size_t size = static_cast<unsigned char>(head[1]);
    if (size >= 126) {
        std::size_t extended = 0;
        for (const char c : read_bytes(size == 126 ? 2 : 8)) {
            extended = extended << 8 | static_cast<unsigned char>(c);
        }
        size = extended;
    }
    message.payload = read_bytes(size);
    return message;
}

void Signal::set() {
    const std::lock_guard lock(mutex_);
    set_ = true;
    changed_.notify_all();
}

bool Signal::wait() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [this] { return set_; });
}

TestServer::TestServer(std::function<void(TestServer&)> prepare) {
    std::string pattern = (std::filesystem::temp_directory_path() / "stoa-http-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    directory = pattern;
    options.port = 0;
    options.upload_dir = directory / "uploads";
    prepare(*this);
    pool = std::make_unique<WorkerPool>(pool_threads, pool_queue);
    slow_pool = std::make_unique<WorkerPool>(1, 1);
    const auto authenticate = [](std::string_view token) -> Result<Caller> {
        if (token == "good") return Caller{UserId{}, SessionId{}};
        return fail(ErrorKind::unauthenticated, "token_invalid", "The token is not valid.");
    };
    const auto verify = [authenticate](std::string_view token) -> Result<Bearer> {
        const auto caller = authenticate(token);
        if (!caller) return fail(caller);
        return Bearer{caller->user, caller->session};
    };
    server = std::make_unique<Server>(options, routes, Authenticator(authenticate, verify), *pool,
                                      *slow_pool, metrics, limiter);
    if (auto started = server->start(); !started) {
        throw std::runtime_error(started.error().message);
    }
}

TestServer::~TestServer() {
    server.reset();
    pool.reset();
    slow_pool.reset();
    std::filesystem::remove_all(directory);
}

Reply TestServer::ask(std::string_view bytes) {
    Peer peer(server->port());
    peer.send(bytes);
    return peer.read_reply();
}

Reply TestServer::get(std::string_view path, std::string_view headers) {
    return ask("GET " + std::string(path) + " HTTP/1.1\r\nHost: stoa.test\r\n" +
               std::string(headers) + "\r\n");
}

}  // namespace stoa::http
