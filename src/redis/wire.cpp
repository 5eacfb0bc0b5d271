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
    if (auto introduced = wire->introduce(address, deadline); !introduced) {
        why = introduced.error().message;
        return fail(introduced);
    }
    return wire;
}

Result<void> Wire::introduce(const Address& address, Deadline deadline) {
    std::vector<Command> commands;
    if (!address.password.empty()) {
        commands.push_back({"AUTH"});
        if (!address.user.empty()) commands.back().push_back(address.user);
        commands.back().push_back(address.password);
    }
    if (address.database != 0) commands.push_back({"SELECT", std::to_string(address.database)});
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
    std::string_view left = bytes;
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

bool Wire::fill(Deadline deadline) {
    std::array<char, 16 * 1024> buffer;
    for (;;) {
        const auto got = recv(context_->fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got > 0) return reader_.feed({buffer.data(), static_cast<std::size_t>(got)});
        if (got == 0 || (errno != EAGAIN && errno != EINTR)) return false;
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
