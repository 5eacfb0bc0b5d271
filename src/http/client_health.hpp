// SPDX-License-Identifier: Apache-2.0
// Private to the outbound client: what it remembers of each origin. A circuit breaker (closed, open
// for a growing time, then one request at a time on trial) spares a server that fails and callers
// who would wait for it; a token bucket keeps retries to a fifth of the requests. Bounded. Any
// thread.
#pragma once

#include "base/result.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>

namespace stoa::http {

class ClientHealth {
  public:
    using Clock = std::chrono::steady_clock;
    enum class Outcome {
        answered,
        failed,  ///< no answer, or 5xx
        unknown  ///< says nothing of the server: our own refusal
    };

    static constexpr int failures_to_open = 5;  ///< in a row
    static constexpr std::chrono::seconds open_first{5};
    static constexpr std::chrono::seconds open_max{60};
    static constexpr double retries_per_request = 0.2;
    static constexpr double retries_saved_max = 10;
    static constexpr std::size_t origins_max = 1024;  ///< the least recently asked is forgotten

    /// What was admitted, to be reported once.
    struct Ticket {
        bool is_trial = false;
    };
    /// `upstream_unavailable` with retry_after while the breaker is open.
    Result<Ticket> admit(const std::string& origin, Clock::time_point now);
    /// True if this opened the breaker. While it is open only the trial's outcome tells anything.
    bool report(const std::string& origin, Ticket ticket, Outcome outcome, Clock::time_point now);

    /// Counts a request (not its retries) towards the budget.
    void earn_retries(const std::string& origin, Clock::time_point now);
    /// Takes one retry out of the budget; false if it is spent.
    bool spend_retry(const std::string& origin, Clock::time_point now);

    [[nodiscard]] std::size_t size() const;

  private:
    struct Origin {
        int failures = 0;
        std::chrono::seconds open_for{0};  ///< 0: closed
        Clock::time_point open_until{};
        bool on_trial = false;
        double retries = retries_saved_max / 2;
        Clock::time_point asked_at{};

        [[nodiscard]] bool is_open() const { return open_for > std::chrono::seconds(0); }
    };
    Origin& find(const std::string& origin, Clock::time_point now);

    mutable std::mutex mutex_;
    std::map<std::string, Origin, std::less<>> origins_;
};

}  // namespace stoa::http
