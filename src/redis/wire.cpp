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

/// Redis quotes a wrong command's arguments: those stay out of our messages.
std::string without_arguments(std::string_view message) {
    return std::string(message.substr(0, std::min<std::size_t>(message.find(", with args"), 200)));
}

Error failure_of(std::string_view message) {
    for (const std::string_view passing :
         {"LOADING", "BUSY ", "MASTERDOWN", "READONLY", "CLUSTERDOWN", "TRYAGAIN", "OOM"})
        if (message.starts_with(passing)) return redis_unavailable();
    return {ErrorKind::internal, "redis_error", "Redis answered: " + without_arguments(message)};
}

Result<Reply> to_reply(const redisReply& from) {
    Reply reply;
    switch (from.type) {
        case REDIS_REPLY_NIL:
            return reply;
        case REDIS_REPLY_INTEGER:
            reply.kind = Reply::Kind::integer;
            reply.integer = from.integer;
            return reply;
        case REDIS_REPLY_STRING:
        case REDIS_REPLY_STATUS:
            reply.kind = Reply::Kind::text;
            reply.text.assign(from.str, from.len);
            return reply;
        case REDIS_REPLY_ARRAY:
            reply.kind = Reply::Kind::list;
            reply.items.reserve(from.elements);
            for (std::size_t i = 0; i < from.elements; ++i) {
                auto item = to_reply(*from.element[i]);
                if (!item) return item;
                reply.items.push_back(std::move(*item));
            }
            return reply;
        default:
            return tl::unexpected(failure_of({from.str, from.len}));
    }
}

}  // namespace

Error redis_unavailable() {
    return {ErrorKind::unavailable,
            "redis_unavailable",
            "A part of the server (Redis) does not answer; try again shortly.",
            {},
            std::chrono::seconds(1)};
}

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
    if (!send(commands, deadline)) return lost();
    for (std::size_t i = 0; i < commands.size(); ++i)
        if (auto reply = receive(deadline); !reply) return fail(reply);
    return {};
}

bool Wire::send(const std::vector<Command>& commands, Deadline deadline) {
    std::string bytes;
    for (const auto& command : commands) {
        std::vector<const char*> words;
        std::vector<std::size_t> sizes;
        for (const auto& word : command) {
            words.push_back(word.data());
            sizes.push_back(word.size());
        }
        char* formatted = nullptr;
        const int size = redisFormatCommandArgv(&formatted, static_cast<int>(words.size()),
                                                words.data(), sizes.data());
        if (size < 0) throw std::bad_alloc();
        bytes.append(formatted, static_cast<std::size_t>(size));
        redisFreeCommand(formatted);
    }
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
    void* raw = nullptr;
    if (redisReaderGetReply(context_->reader, &raw) != REDIS_OK) return lost();
    if (raw == nullptr) return std::optional<Reply>();
    const std::unique_ptr<void, void (*)(void*)> owned(raw, &freeReplyObject);
    auto reply = to_reply(*static_cast<const redisReply*>(raw));
    if (!reply) {
        // A replica after a failover, a full or starting server: the next command asks anew.
        is_broken_ |= reply.error().kind == ErrorKind::unavailable;
        return fail(reply);
    }
    return std::optional<Reply>(std::move(*reply));
}

bool Wire::fill(Deadline deadline) {
    std::array<char, 16 * 1024> buffer;
    for (;;) {
        const auto got = recv(context_->fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got > 0)
            return redisReaderFeed(context_->reader, buffer.data(),
                                   static_cast<std::size_t>(got)) == REDIS_OK;
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
