// SPDX-License-Identifier: Apache-2.0
#include "accounts/purge.hpp"

#include "accounts/sql.hpp"

namespace stoa::accounts {

Result<std::uint64_t> purge_expired(postgres::Database& database) {
    constexpr std::int64_t rows_at_once = 5'000;
    constexpr int steps_max = 10;
    std::uint64_t purged = 0;
    for (const auto& query : {sql::purge_challenges, sql::purge_tickets, sql::purge_refresh_tokens,
                              sql::purge_sessions, sql::purge_signing_keys}) {
        for (int step = 0; step < steps_max; ++step) {
            const auto rows = database.run(query, rows_at_once);
            if (!rows) return fail(rows);
            purged += rows->affected();
            if (rows->affected() < static_cast<std::size_t>(rows_at_once)) break;
        }
    }
    return purged;
}

}  // namespace stoa::accounts
