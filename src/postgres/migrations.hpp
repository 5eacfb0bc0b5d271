// SPDX-License-Identifier: Apache-2.0
// Numbered, forward-only migrations from migrations/NNNN_name.sql, compiled into the program. One
// process at a time applies them (advisory lock), each in its own transaction with its record.
// Called at start-up and by `stoa migrate`; one thread.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace stoa::postgres {

class Connection;

struct Migration {
    int version;
    std::string_view name;
    std::string_view sql;
    std::string_view sha256;  ///< of `sql`; an applied migration must not have changed
};

/// All migrations of this program, in order (generated from migrations/).
const std::vector<Migration>& all_migrations();

struct MigrationState {
    int version;
    std::string name;
    bool applied;
};

/// Applies what is missing and says how many that was. Errors: `schema_newer` (the database knows a
/// migration this program does not), `migration_changed`, `migration_failed` (names the migration;
/// nothing of it is kept), `pgvector_missing` (with the way to install it), `database_unavailable`.
Result<int> migrate(const std::string& conninfo,
                    const std::vector<Migration>& migrations = all_migrations());
Result<std::vector<MigrationState>> migration_status(
    const std::string& conninfo, const std::vector<Migration>& migrations = all_migrations());
/// `schema_newer` or `schema_older` (503) unless the database is exactly at this program's version.
Result<void> check_schema(const std::string& conninfo,
                          const std::vector<Migration>& migrations = all_migrations());
/// The same over a connection at hand.
Result<void> check_schema(Connection& connection, const std::vector<Migration>& migrations);

}  // namespace stoa::postgres
