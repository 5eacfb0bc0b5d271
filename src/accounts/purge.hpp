// SPDX-License-Identifier: Apache-2.0
// Removes what time has made useless: challenges, tickets, refresh tokens, ended sessions, retired
// signing keys. A job of every hour; harmless at any time, also in parallel. Any thread.
#pragma once

#include "base/result.hpp"
#include "postgres/database.hpp"

#include <cstdint>

namespace stoa::accounts {

/// How many rows went; at most 50 000 of each kind, the rest goes next time.
Result<std::uint64_t> purge_expired(postgres::Database& database);

}  // namespace stoa::accounts
