// SPDX-License-Identifier: Apache-2.0
#include "redis/command_names.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace stoa::redis {

namespace {

constexpr bool repeatable = true;

// By name, for the search.
constexpr std::array known_commands = {
    KnownCommand{"BLMOVE", Keys::first_two},
    KnownCommand{"BLPOP", Keys::all_but_last},
    KnownCommand{"BRPOP", Keys::all_but_last},
    KnownCommand{"BZPOPMIN", Keys::all_but_last},
    KnownCommand{"CLUSTER", Keys::none, repeatable},
    KnownCommand{"DEL", Keys::all},
    KnownCommand{"ECHO", Keys::none, repeatable},
    KnownCommand{"EVAL", Keys::counted},
    KnownCommand{"EVALSHA", Keys::counted},
    KnownCommand{"EXISTS", Keys::all, repeatable},
    KnownCommand{"EXPIRE", Keys::first},
    KnownCommand{"GET", Keys::first, repeatable},
    KnownCommand{"GETDEL", Keys::first},
    KnownCommand{"HDEL", Keys::first},
    KnownCommand{"HGET", Keys::first, repeatable},
    KnownCommand{"HGETALL", Keys::first, repeatable},
    KnownCommand{"HINCRBY", Keys::first},
    KnownCommand{"HLEN", Keys::first, repeatable},
    KnownCommand{"HMGET", Keys::first, repeatable},
    KnownCommand{"HSET", Keys::first},
    KnownCommand{"INCR", Keys::first},
    KnownCommand{"INCRBY", Keys::first},
    KnownCommand{"INFO", Keys::none, repeatable},
    KnownCommand{"LINDEX", Keys::first, repeatable},
    KnownCommand{"LLEN", Keys::first, repeatable},
    KnownCommand{"LMOVE", Keys::first_two},
    KnownCommand{"LPOP", Keys::first},
    KnownCommand{"LPUSH", Keys::first},
    KnownCommand{"LRANGE", Keys::first, repeatable},
    KnownCommand{"LREM", Keys::first},
    KnownCommand{"LTRIM", Keys::first},
    KnownCommand{"MGET", Keys::all, repeatable},
    KnownCommand{"PEXPIRE", Keys::first},
    KnownCommand{"PING", Keys::none, repeatable},
    KnownCommand{"PTTL", Keys::first, repeatable},
    KnownCommand{"PUBLISH", Keys::none, repeatable},
    KnownCommand{"PUBSUB", Keys::none, repeatable},
    KnownCommand{"RPOP", Keys::first},
    KnownCommand{"RPUSH", Keys::first},
    KnownCommand{"SADD", Keys::first},
    KnownCommand{"SCARD", Keys::first, repeatable},
    KnownCommand{"SET", Keys::first},
    KnownCommand{"SETEX", Keys::first},
    KnownCommand{"SISMEMBER", Keys::first, repeatable},
    KnownCommand{"SMEMBERS", Keys::first, repeatable},
    KnownCommand{"SREM", Keys::first},
    KnownCommand{"TIME", Keys::none, repeatable},
    KnownCommand{"TTL", Keys::first, repeatable},
    KnownCommand{"TYPE", Keys::first, repeatable},
    KnownCommand{"UNLINK", Keys::all},
    KnownCommand{"ZADD", Keys::first},
    KnownCommand{"ZCARD", Keys::first, repeatable},
    KnownCommand{"ZPOPMIN", Keys::first},
    KnownCommand{"ZRANGE", Keys::first, repeatable},
    KnownCommand{"ZRANGEBYSCORE", Keys::first, repeatable},
    KnownCommand{"ZREM", Keys::first},
    KnownCommand{"ZREMRANGEBYSCORE", Keys::first},
    KnownCommand{"ZREVRANGEBYSCORE", Keys::first, repeatable},
    KnownCommand{"ZSCORE", Keys::first, repeatable},
};
static_assert(std::ranges::is_sorted(known_commands, {}, &KnownCommand::name));

constexpr KnownCommand other{"other"};

}  // namespace

const KnownCommand& find_command(std::string_view name) {
    std::string upper(name);
    for (char& c : upper)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    const auto found =
        std::ranges::lower_bound(known_commands, std::string_view(upper), {}, &KnownCommand::name);
    return found != known_commands.end() && found->name == upper ? *found : other;
}

}  // namespace stoa::redis
