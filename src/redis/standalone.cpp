// SPDX-License-Identifier: Apache-2.0
#include "redis/transport.hpp"

#include <algorithm>

namespace stoa::redis {

using std::chrono::steady_clock;

Result<std::vector<Reply>> Standalone::exchange(const std::vector<Command>& commands,
                                                std::chrono::milliseconds extra) {
    auto wire = pool_.take(steady_clock::now() + options_.wait_max);
    if (!wire) return fail(wire);
    const auto deadline = steady_clock::now() + options_.command_timeout + extra;
    std::vector<Reply> replies;
    (void)(*wire)->send(commands, deadline);
    while (replies.size() < commands.size() && !(*wire)->is_broken()) {
        auto reply = (*wire)->receive(deadline);
        if (reply) replies.push_back(std::move(*reply));
    }
    const auto is_passing = [](const Reply& reply) {
        return reply.kind == Reply::Kind::error && is_passing_error(reply.text);
    };
    // A replica after a failover, a full or starting server: the next command connects anew.
    if (std::ranges::any_of(replies, is_passing)) (*wire)->give_up();
    pool_.give_back(std::move(*wire));
    if (replies.size() < commands.size()) return tl::unexpected(redis_unavailable());
    return replies;
}

}  // namespace stoa::redis
