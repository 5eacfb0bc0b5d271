// SPDX-License-Identifier: Apache-2.0
#include "tutor/token_budget.hpp"

#include "base/log.hpp"
#include "base/time.hpp"
#include "postgres/commit_mark.hpp"
#include "tutor/sql.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace stoa::tutor {

namespace {

std::chrono::seconds until_next_day() {
    using std::chrono::days;
    const auto time = now();
    const auto midnight = std::chrono::floor<days>(time) + days(1);
    return std::chrono::ceil<std::chrono::seconds>(midnight - time) + std::chrono::seconds(1);
}

}  // namespace

TokenBudget::Reservation::Reservation(postgres::Database& database, const UserId& user,
                                      std::int64_t day, std::int64_t tokens)
    : database_(database), user_(user), day_(day), tokens_(tokens) {}

TokenBudget::Reservation::~Reservation() { settle(0); }

void TokenBudget::Reservation::settle(std::int64_t spent) {
    if (std::exchange(is_settled_, true)) return;
    const postgres::CommitMark::Pause no_answer_yet;
    const auto settled =
        database_.run(sql::settle_tokens, user_, day_, tokens_, std::max<std::int64_t>(spent, 0));
    if (!settled) {
        log::warning("reserved tokens count as spent",
                     {{"error.code", std::string(settled.error().code)}});
    }
}

TokenBudget::TokenBudget(postgres::Database& database, std::int64_t tokens_per_day)
    : database_(database), tokens_per_day_(tokens_per_day) {}

Result<std::shared_ptr<TokenBudget::Reservation>> TokenBudget::reserve(const UserId& user,
                                                                       std::int64_t tokens) {
    if (tokens_per_day_ == 0) return std::shared_ptr<Reservation>();
    const postgres::CommitMark::Pause no_answer_yet;
    const auto day =
        database_.find<std::int64_t>(sql::reserve_tokens, user, tokens, tokens_per_day_);
    if (!day) return fail(day);
    if (!*day) {
        return tl::unexpected<Error>(
            Error{ErrorKind::limited,
                  "budget_exhausted",
                  "What you may ask of the language model today is used up, or what is left is too "
                  "little for this question; ask again tomorrow (UTC).",
                  {},
                  until_next_day()});
    }
    return std::make_shared<Reservation>(database_, user, **day, tokens);
}

}  // namespace stoa::tutor
