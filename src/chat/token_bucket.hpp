// SPDX-License-Identifier: Apache-2.0
// A rate limit: `burst` at once, then `per_second`. The caller says what time it is. One thread.
#pragma once

#include <algorithm>
#include <chrono>

namespace stoa::chat {

class TokenBucket {
  public:
    using Instant = std::chrono::steady_clock::time_point;

    TokenBucket(double per_second, double burst, Instant now)
        : per_second_(per_second), burst_(burst), tokens_(burst), filled_at_(now) {}

    [[nodiscard]] bool take(Instant now) {
        const double seconds = std::chrono::duration<double>(now - filled_at_).count();
        tokens_ = std::min(burst_, tokens_ + seconds * per_second_);
        filled_at_ = now;
        if (tokens_ < 1) return false;
        tokens_ -= 1;
        return true;
    }

  private:
    double per_second_;
    double burst_;
    double tokens_;
    Instant filled_at_;
};

}  // namespace stoa::chat
