// SPDX-License-Identifier: Apache-2.0
#include "postgres/migrations.hpp"

#include "base/log.hpp"
#include "postgres/connection.hpp"
#include "postgres/sql.hpp"

#include <charconv>

namespace stoa::postgres {

namespace {

struct Applied {
    std::int32_t version;
    std::string name;
    std::string sha256;
};
BOOST_DESCRIBE_STRUCT(Applied, (), (version, name, sha256))

// A migration may rewrite tables, and waits for another process's.
constexpr std::chrono::minutes statement_timeout{10};

Result<std::unique_ptr<Connection>> open(const std::string& conninfo,
                                         std::chrono::milliseconds timeout) {
    Options options;
    options.conninfo = conninfo;
    options.statement_timeout = timeout;
    options.lock_timeout = timeout;
    std::string why;
    auto opened = Connection::open(options, nullptr, why);
    if (!opened && !why.empty()) opened.error().message += " (" + why + ")";
    return opened;
}

Result<std::vector<Applied>> list_applied(Connection& connection) {
    Session session(connection);
    const auto present = session.one<bool>(sql::find_schema_migrations);
    if (!present) return fail(present);
    if (!*present) return std::vector<Applied>{};
    return session.list<Applied>(sql::list_schema_migrations);
}

/// `applied` must be a beginning of `ours`.
Result<void> check_history(const std::vector<Applied>& applied,
                           const std::vector<Migration>& ours) {
    if (applied.size() > ours.size())
        return unavailable("schema_newer",
                           "The database was migrated by a newer Stoa: it has migration " +
                               std::to_string(applied.back().version) + ", this program knows " +
                               std::to_string(ours.size()) + ". Run the newer program.");
    for (std::size_t i = 0; i < applied.size(); ++i) {
        if (applied[i].version == ours[i].version && applied[i].sha256 == ours[i].sha256) continue;
        return fail(ErrorKind::conflict, "migration_changed",
                    "Migration " + std::to_string(applied[i].version) + " (" + applied[i].name +
                        ") is not what the database applied under that number. A released "
                        "migration never changes; write a new one.");
    }
    return {};
}

/// "0.8.0" is at least 0.8.
bool is_new_enough(std::string_view version) {
    int major = 0;
    int minor = 0;
    const char* const end = version.data() + version.size();
    const auto dot = std::from_chars(version.data(), end, major).ptr;
    if (dot != end) std::from_chars(dot + 1, end, minor);
    return major > 0 || minor >= 8;
}

Result<void> check_vector_extension(Connection& connection) {
    const auto version = Session(connection).find<std::string>(sql::find_vector_extension);
    if (!version) return fail(version);
    if (*version && is_new_enough(**version)) return {};
    return unavailable("pgvector_missing",
                       "The PostgreSQL server has " +
                           (*version ? "pgvector " + **version : std::string("no pgvector")) +
                           "; Stoa needs 0.8 or newer. Install the package "
                           "postgresql-NN-pgvector for the server's version NN (or build it from "
                           "its source with `make install`), then try again.");
}

Result<void> apply(Connection& connection, const Migration& migration) {
    const std::string name =
        std::to_string(migration.version) + " (" + std::string(migration.name) + ")";
    Session session(connection);
    connection.begin();
    Result<void> done = connection.run_script("migration " + name, std::string(migration.sql));
    if (done) {
        const auto recorded = session.run(sql::record_migration, std::int32_t{migration.version},
                                          migration.name, migration.sha256);
        if (!recorded) done = fail(recorded);
    }
    if (done) done = connection.commit();
    if (done) {
        log::info("applied migration " + name);
        return {};
    }
    connection.rollback();
    if (done.error().kind == ErrorKind::unavailable) return done;
    return fail(
        ErrorKind::internal, "migration_failed",
        "Migration " + name + " failed and nothing of it was kept: " + done.error().message);
}

}  // namespace

Result<int> migrate(const std::string& conninfo, const std::vector<Migration>& migrations) {
    auto connection = open(conninfo, statement_timeout);
    if (!connection) return fail(connection);
    Session session(**connection);
    if (auto locked = session.run(sql::lock_migrations); !locked) return fail(locked);
    if (auto created = session.run(sql::create_schema_migrations); !created) return fail(created);
    const auto applied = list_applied(**connection);
    if (!applied) return fail(applied);
    if (auto checked = check_history(*applied, migrations); !checked) return fail(checked);
    if (applied->empty())
        if (auto checked = check_vector_extension(**connection); !checked) return fail(checked);
    int count = 0;
    for (std::size_t i = applied->size(); i < migrations.size(); ++i, ++count)
        if (auto done = apply(**connection, migrations[i]); !done) return fail(done);
    return count;
}

Result<std::vector<MigrationState>> migration_status(const std::string& conninfo,
                                                     const std::vector<Migration>& migrations) {
    auto connection = open(conninfo, Options{}.statement_timeout);
    if (!connection) return fail(connection);
    const auto applied = list_applied(**connection);
    if (!applied) return fail(applied);
    std::vector<MigrationState> states;
    for (std::size_t i = 0; i < std::max(applied->size(), migrations.size()); ++i) {
        if (i < migrations.size())
            states.push_back(
                {migrations[i].version, std::string(migrations[i].name), i < applied->size()});
        else
            states.push_back({(*applied)[i].version, (*applied)[i].name, true});
    }
    return states;
}

Result<void> check_schema(Connection& connection, const std::vector<Migration>& migrations) {
    const auto applied = list_applied(connection);
    if (!applied) return fail(applied);
    if (auto checked = check_history(*applied, migrations); !checked) return checked;
    if (applied->size() < migrations.size())
        return unavailable("schema_older", "The database lacks " +
                                               std::to_string(migrations.size() - applied->size()) +
                                               " of this program's migrations; run stoa migrate.");
    return {};
}

Result<void> check_schema(const std::string& conninfo, const std::vector<Migration>& migrations) {
    auto connection = open(conninfo, Options{}.statement_timeout);
    if (!connection) return fail(connection);
    return check_schema(**connection, migrations);
}

}  // namespace stoa::postgres
