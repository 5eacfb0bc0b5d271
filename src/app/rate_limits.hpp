// SPDX-License-Identifier: Apache-2.0
// The rate limits, each by its name: their defaults, which operations.md lists, and what the
// setting `rate_limits` makes of them. Pure; any thread.
#pragma once

#include "base/result.hpp"
#include "http/limit.hpp"

#include <array>
#include <chrono>
#include <string_view>

namespace stoa::app {

class RateLimits {
  public:
    static constexpr std::chrono::minutes window{1};
    static constexpr http::Limit requests{http::Limit::Per::user, 600, window, "requests"};
    static constexpr http::Limit writes{http::Limit::Per::user, 120, window, "writes"};
    static constexpr http::Limit uploads{http::Limit::Per::user, 30, window, "uploads"};
    static constexpr http::Limit questions{http::Limit::Per::user, 30, window, "questions"};
    static constexpr http::Limit sign_ins{http::Limit::Per::address, 60, window, "sign_ins"};
    static constexpr http::Limit renewals{http::Limit::Per::address, 600, window, "renewals"};

    /// "uploads=10, questions=5": requests a minute, 1 to 1,000,000; the others keep their
    /// defaults. `settings_invalid`, naming what is wrong and the names there are.
    static Result<RateLimits> parse(std::string_view text);

    /// The limit of this name as it holds here.
    [[nodiscard]] http::Limit find(const http::Limit& limit) const;

  private:
    std::array<http::Limit, 6> limits_{requests, writes, uploads, questions, sign_ins, renewals};
};

}  // namespace stoa::app
