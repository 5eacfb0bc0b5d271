// SPDX-License-Identifier: Apache-2.0
#include "redis/wire.hpp"

#include <array>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

namespace stoa::redis {

namespace {

using std::chrono::steady_clock;

timeval to_timeval(std::chrono::milliseconds time) {
    return {static_cast<time_t>(time.count() / 1000),
            static_cast<suseconds_t>(time.count() % 1000 * 1000)};
}

}  // namespace

Result<std::unique_ptr<Wire>> Wire::open(const Address& address, std::chrono::milliseconds timeout,
                                         std::string& why) {
    const auto deadline = steady_clock::now() + timeout;
    redisContext* context =
        address.host.empty()
            ? redisConnectUnixWithTimeout(address.path.c_str(), to_timeval(timeout))
            : redisConnectWithTimeout(address.host.c_str(), address.port, to_timeval(timeout));
    if (context == nullptr) throw std::bad_alloc();
    std::unique_ptr<Wire> wire(new Wire(context));
    if (context->err != 0) {
        why = context->errstr;
        return tl::unexpected(redis_unavailable());
    }
    // hiredis leaves it open for the programs that we start.
    fcntl(context->fd, F_SETFD, FD_CLOEXEC);
    if (!address.host.empty()) redisEnableKeepAlive(context);
    if (address.is_tls && !wire->secure(address, deadline, why))
        return tl::unexpected(redis_unavailable());
    if (auto introduced = wire->introduce(address, deadline); !introduced) {
        why = introduced.error().message;
        return fail(introduced);
    }
    return wire;
}

bool Wire::secure(const Address& address, Deadline deadline, std::string& why) {
    auto tls = TlsSession::begin(address.host, address.ca_file, why);
    if (!tls) return false;
    std::array<char, 16 * 1024> buffer;
    for (;;) {
        const auto state = tls->shake_hands(why);
        const bool is_sent = send_bytes(tls->take_output(), deadline);
        if (state == TlsSession::State::failed) return false;
        why = "the TLS handshake was not finished";
        if (!is_sent) return false;
        if (state == TlsSession::State::done) break;
        if (!wait(POLLIN, deadline)) return false;
        const auto got = recv(context_->fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return false;
        if (got > 0) tls->feed({buffer.data(), static_cast<std::size_t>(got)});
    }
    tls_ = std::move(tls);
    return true;
}

Result<void> Wire::introduce(const Address& address, Deadline deadline) {
    std::vector<Command> commands;
    if (!address.password.empty()) {
        commands.push_back({"AUTH"});
        if (!address.user.empty()) commands.back().push_back(address.user);
        commands.back().push_back(address.password);
    }
    if (address.database != 0) commands.push_back({"SELECT", std::to_string(address.database)});
    // What TLS still had to say comes before the answer; left unread it would look unasked.
    if (tls_) commands.push_back({"PING"});
    for (const auto& command : commands)
        if (auto reply = ask(command, deadline); !reply) return fail(reply);
    return {};
}

bool Wire::send(const std::vector<Command>& commands, Deadline deadline) {
    std::vector<const Command*> pointers;
    pointers.reserve(commands.size());
    for (const auto& command : commands) pointers.push_back(&command);
    return send(pointers, deadline);
}

bool Wire::send(std::span<const Command* const> commands, Deadline deadline) {
    const std::string bytes = format_commands(commands);
    if (!tls_) return send_bytes(bytes, deadline);
    if (tls_->write(bytes)) return send_bytes(tls_->take_output(), deadline);
    is_broken_ = true;
    return false;
}

bool Wire::send_bytes(std::string_view left, Deadline deadline) {
    while (!left.empty()) {
        const auto sent =
            ::send(context_->fd, left.data(), left.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            left.remove_prefix(static_cast<std::size_t>(sent));
        } else if ((errno != EAGAIN && errno != EINTR) || !wait(POLLOUT, deadline)) {
            is_broken_ = true;
            return false;
        }
    }
    return true;
}

Result<Reply> Wire::receive(Deadline deadline) {
    for (;;) {
        auto reply = receive_ready();
        if (!reply) return fail(reply);
        if (*reply) return std::move(**reply);
        if (!fill(deadline)) return lost();
    }
}

Result<std::optional<Reply>> Wire::receive_ready() {
    std::optional<Reply> reply;
    if (!reader_.next(reply)) return lost();
    return reply;
}

Result<Reply> Wire::ask(const Command& command, Deadline deadline) {
    const std::array only{&command};
    if (!send(only, deadline)) return lost();
    auto reply = receive(deadline);
    if (reply && reply->kind == Reply::Kind::error) return tl::unexpected(failure_of(reply->text));
    return reply;
}

Wire::Intake Wire::take_in() {
    std::array<char, 16 * 1024> buffer;
    const auto got = recv(context_->fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return Intake::nothing;
    if (got <= 0) return Intake::lost;
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
    return (tls_ ? decrypt(bytes) : reader_.feed(bytes)) ? Intake::some : Intake::lost;
}

/// All that is whole: nothing waits in the session of which the socket does not know.
bool Wire::decrypt(std::string_view bytes) {
    tls_->feed(bytes);
    std::array<char, 16 * 1024> buffer;
    for (;;) {
        std::size_t size = 0;
        const auto state = tls_->read(buffer, size);
        if (state == TlsSession::State::failed) return false;
        if (state == TlsSession::State::wants_more) return true;
        if (!reader_.feed({buffer.data(), size})) return false;
    }
}

bool Wire::fill(Deadline deadline) {
    for (;;) {
        const auto intake = take_in();
        if (intake != Intake::nothing) return intake == Intake::some;
        if (!wait(POLLIN, deadline)) return false;
    }
}

bool Wire::wait(short events, Deadline deadline) const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
    pollfd entry{context_->fd, events, 0};
    const int ready = poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    return ready > 0 || (ready < 0 && errno == EINTR);
}

bool Wire::is_stale() const {
    pollfd entry{context_->fd, POLLIN, 0};
    return is_broken_ || poll(&entry, 1, 0) != 0;
}

tl::unexpected<Error> Wire::lost() {
    is_broken_ = true;
    return tl::unexpected(redis_unavailable());
}

}  // namespace stoa::redis
