// SPDX-License-Identifier: Apache-2.0
// What a test about rooms needs: a fresh database, the test program's Redis, rooms over both, and
// people with sessions. One thread makes it; the parts may be used from any.
#pragma once

#include "base/metrics.hpp"
#include "http/message.hpp"
#include "redis/client.hpp"
#include "rooms/rooms.hpp"
#include "support/private_postgres.hpp"
#include "support/private_redis.hpp"

#include <memory>
#include <stdexcept>
#include <string>

namespace stoa::testing {

/// The value, or the test ends with what went wrong.
template <class T>
T must(Result<T> result) {
    if (!result) {
        throw std::runtime_error(std::string(result.error().code) + ": " + result.error().message);
    }
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// The error's code; empty if there is none.
template <class T>
std::string code_of(const Result<T>& result) {
    return result ? std::string() : std::string(result.error().code);
}

class RoomWorld {
  public:
    RoomWorld() = default;

    static PrivateRedis& shared_redis() {
        static PrivateRedis redis;
        return redis;
    }

    http::Caller new_user(const std::string& name = "someone") {
        const http::Caller caller{UserId::make(), SessionId::make()};
        must(database.run({"test.user", "INSERT INTO users (id, name) VALUES ($1, $2)"},
                          caller.user, name));
        must(database.run({"test.session",
                           "INSERT INTO sessions (id, user_id, wallet_address, expires_at) "
                           "VALUES ($1, $2, 'x', now() + interval '1 hour')"},
                          caller.session, caller.user));
        return caller;
    }
    void end_session(const http::Caller& caller) {
        must(database.run({"test.revoke", "UPDATE sessions SET revoked_at = now() WHERE id = $1"},
                          caller.session));
    }
    rooms::Room new_room(const http::Caller& owner, rooms::RoomType type = rooms::RoomType::public_,
                         long long places = 50) {
        rooms::NewRoom wanted;
        wanted.name.value = "A room";
        wanted.room_type = type;
        wanted.max_participants = Int<1, 10'000>{places};
        return must(rooms.create(owner.user, wanted));
    }

    TestDatabase place;
    Metrics metrics;
    postgres::Database database{place.options(16), metrics};
    redis::Client redis{{.url = shared_redis().url()}, metrics};
    accounts::MasterKeys master_keys{database, {crypto::SecretKey{}}};
    accounts::SubjectKeys keys{database, master_keys};
    rooms::RoomEvents events{database, redis, keys};
    rooms::Rooms rooms{database, events};
};

}  // namespace stoa::testing
