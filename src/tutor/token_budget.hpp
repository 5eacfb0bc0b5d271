// SPDX-License-Identifier: Apache-2.0
// How many tokens of language models a person may use in a day (UTC). A question reserves the most
// it may cost before a model is asked and settles what it did cost, in PostgreSQL, so that parallel
// questions on any nodes never pass the budget together. Writes token_usage. Any thread.
#pragma once

#include "base/id.hpp"
#include "base/result.hpp"
#include "postgres/database.hpp"

#include <cstdint>
#include <memory>

namespace stoa::tutor {

class TokenBudget {
  public:
    /// Settled once: by `settle`, or as nothing spent when it dies. What a node that dies had
    /// reserved counts until the day ends.
    class Reservation {
      public:
        Reservation(postgres::Database& database, const UserId& user, std::int64_t day,
                    std::int64_t tokens);
        ~Reservation();
        Reservation(const Reservation&) = delete;
        Reservation& operator=(const Reservation&) = delete;
        void settle(std::int64_t spent);

      private:
        postgres::Database& database_;
        UserId user_;
        std::int64_t day_;
        std::int64_t tokens_;
        bool is_settled_ = false;
    };

    /// `tokens_per_day` 0: nothing is counted.
    TokenBudget(postgres::Database& database, std::int64_t tokens_per_day);
    /// Null without a budget. `budget_exhausted` (429; Retry-After: until the day ends) if what is
    /// left of the day is less than `tokens`.
    Result<std::shared_ptr<Reservation>> reserve(const UserId& user, std::int64_t tokens);

  private:
    postgres::Database& database_;
    std::int64_t tokens_per_day_;
};

}  // namespace stoa::tutor
