// SPDX-License-Identifier: Apache-2.0
// How often a user or an address may call a route, over all nodes: the windows are in Redis, one
// script and one round trip a request, so that they are exact whoever asks and from where. While
// Redis does not answer each node holds the limits by itself, and asks again once a second. Owner:
// `serve`; any thread.
#pragma once

#include "app/rate_window.hpp"
#include "http/limit.hpp"
#include "redis/client.hpp"

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

namespace stoa::app {

class RateLimiter {
  public:
    /// `percent` of what each limit says is allowed, but never less than one request.
    RateLimiter(redis::Options options, std::int64_t percent, Metrics& metrics);

    /// Counts one request. Never fails; waits for Redis as `options` say, and not at all while it
    /// is known to be away.
    http::Allowance take(const std::string& key, const http::Limit& limit);

  private:
    [[nodiscard]] bool may_ask_redis();
    /// Nothing if Redis gives no answer.
    std::optional<RateVerdict> ask_redis(const std::string& key, std::int64_t limit,
                                         std::int64_t length);

    redis::Client redis_;
    const std::int64_t percent_;
    const redis::Script script_;
    CounterHandle held_here_;
    LocalRates local_;
    std::atomic<std::int64_t> ask_again_at_ = 0;  ///< while Redis is away; 0 while it answers
};

}  // namespace stoa::app
