// SPDX-License-Identifier: Apache-2.0
// Counting requests in a sliding window: how many came in this window, and how many of the one
// before still count. The same arithmetic runs in Redis (rate_limiter.cpp); LocalRates does it for
// a node that is on its own. `take` is pure; LocalRates is for any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace stoa::app {

/// Requests of one key; times are milliseconds of one clock.
struct RateWindow {
    std::int64_t start = 0;   ///< a window begins with its first request
    std::int64_t before = 0;  ///< requests allowed in the window before
    std::int64_t count = 0;   ///< and in this one
};

struct RateVerdict {
    bool allowed;
    std::int64_t remaining;
    std::int64_t reset;  ///< allowed: until the window ends; else: until one is allowed
};

/// Counts one request, if it is allowed. The window before counts by the part of it that a window
/// ending now would cover: after a burst of `limit` the next ones come evenly. At most 2^31
/// requests in at most a day.
RateVerdict take(RateWindow& window, std::int64_t limit, std::int64_t length, std::int64_t now);

/// The windows of many keys, never more than `capacity`: a new key takes the place of the one that
/// began first among a few that share its hash. It holds no memory until it is needed.
class LocalRates {
  public:
    static constexpr std::size_t capacity = 16'384;

    RateVerdict take(std::string_view key, std::int64_t limit, std::int64_t length,
                     std::int64_t now);

  private:
    struct Slot {
        std::string key;
        RateWindow window;
    };
    static constexpr std::size_t slots_per_hash = 8;

    std::mutex mutex_;
    std::vector<Slot> slots_;
};

}  // namespace stoa::app
