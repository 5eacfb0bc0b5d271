// SPDX-License-Identifier: Apache-2.0
#include "redis/client.hpp"

#include "base/log.hpp"
#include "redis/wire.hpp"

#include <condition_variable>
#include <mutex>

namespace stoa::redis {

struct Client::Pool {
    explicit Pool(const Options& given) : options(given), address(parse_url(given.url)) {}

    Result<std::unique_ptr<Wire>> take() {
        if (!address) return fail(address);
        for (;;) {
            std::unique_ptr<Wire> wire;
            {
                std::unique_lock lock(mutex);
                const auto one_is_free = [&] { return used < options.connections_max; };
                if (!freed.wait_for(lock, options.wait_max, one_is_free))
                    return tl::unexpected(redis_unavailable());
                ++used;
                if (!idle.empty()) {
                    wire = std::move(idle.back());
                    idle.pop_back();
                }
            }
            if (!wire) return open();
            if (!wire->is_stale()) return wire;
            give_back(nullptr);
        }
    }

    void give_back(std::unique_ptr<Wire> wire) {
        {
            const std::lock_guard lock(mutex);
            --used;
            if (wire && !wire->is_broken()) idle.push_back(std::move(wire));
        }
        freed.notify_one();
    }

    Result<std::unique_ptr<Wire>> open() {
        std::string why;
        auto opened = Wire::open(*address, options.command_timeout, why);
        const bool was_away = is_away.exchange(!opened);
        if (!opened) {
            if (!was_away) log::error("Redis does not answer", {{"error.message", why}});
            give_back(nullptr);
        } else if (was_away) {
            log::info("Redis answers again");
        }
        return opened;
    }

    const Options& options;
    const Result<Address> address;
    std::mutex mutex;
    std::condition_variable freed;
    std::size_t used = 0;
    std::vector<std::unique_ptr<Wire>> idle;  // the last used is used first
    std::atomic<bool> is_away = false;
};

Client::Client(Options options, Metrics& metrics)
    : options_(std::move(options)), metrics_(metrics), pool_(std::make_unique<Pool>(options_)) {}

Client::~Client() = default;

Result<Reply> Client::run(const Command& command, std::chrono::milliseconds extra) {
    auto replies = exchange({command}, extra);
    if (!replies) return fail(replies);
    return std::move(replies->front());
}

Result<std::vector<Reply>> Client::pipeline(const std::vector<Command>& commands) {
    return exchange(commands, {});
}

Result<std::vector<Reply>> Client::exchange(const std::vector<Command>& commands,
                                            std::chrono::milliseconds extra) {
    std::vector<Reply> replies;
    if (commands.empty()) return replies;
    const auto began = std::chrono::steady_clock::now();
    auto wire = pool_->take();
    if (!wire) return tl::unexpected(counted(wire.error()));
    const auto deadline = std::chrono::steady_clock::now() + options_.command_timeout + extra;
    std::optional<Error> error;
    if (!(*wire)->send(commands, deadline)) error = redis_unavailable();
    // After an error answer the others are still to be read.
    for (std::size_t i = 0; i < commands.size() && !(*wire)->is_broken(); ++i) {
        auto reply = (*wire)->receive(deadline);
        if (reply)
            replies.push_back(std::move(*reply));
        else if (!error)
            error = reply.error();
    }
    pool_->give_back(std::move(*wire));
    if (error) return tl::unexpected(counted(std::move(*error)));
    if (extra.count() == 0) {  // a blocking command's time says nothing
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
        metrics_.observe_seconds("stoa_redis_command_duration_seconds",
                                 "Time from asking to the answer, by the (first) command.",
                                 {{"command", commands.front().front()}}, took.count());
    }
    return replies;
}

Error Client::counted(Error error) const {
    metrics_.count("stoa_redis_errors_total", "Failed commands, by code.",
                   {{"code", std::string(error.code)}});
    return error;
}

Result<std::int64_t> Client::publish(std::string_view channel, std::string_view payload) {
    auto reply = run({"PUBLISH", std::string(channel), std::string(payload)});
    if (!reply) return fail(reply);
    return reply->integer;
}

Result<void> Client::ping() {
    auto reply = run({"PING"});
    if (!reply) return fail(reply);
    return {};
}

}  // namespace stoa::redis
