// SPDX-License-Identifier: Apache-2.0
#include "postgres/failure.hpp"

#include <libpq-fe.h>

namespace stoa::postgres {

namespace {

std::string_view field_of(const pg_result* result, int field) {
    const char* text = PQresultErrorField(result, field);
    return text == nullptr ? std::string_view() : std::string_view(text);
}

Error server_error(const pg_result* result, std::string_view query, std::string_view sqlstate) {
    std::string message(query);
    message += " failed: SQLSTATE " + std::string(sqlstate);
    const bool quotes_values = sqlstate.starts_with("22") || sqlstate.starts_with("23");
    if (!quotes_values) message += ", " + std::string(field_of(result, PG_DIAG_MESSAGE_PRIMARY));
    const auto constraint = field_of(result, PG_DIAG_CONSTRAINT_NAME);
    if (!constraint.empty()) message += ", constraint " + std::string(constraint);
    const auto column = field_of(result, PG_DIAG_COLUMN_NAME);
    if (!column.empty()) message += ", column " + std::string(column);
    return {ErrorKind::internal, "database_error", std::move(message)};
}

Error try_again(std::string_view code, std::string message) {
    return {ErrorKind::unavailable, code, std::move(message), {}, std::chrono::seconds(1)};
}

}  // namespace

Error database_unavailable() {
    return try_again("database_unavailable", "The database does not answer; try again shortly.");
}

Error commit_unknown() {
    return try_again("commit_unknown",
                     "The database went away during the commit; look whether it was done.");
}

Fault fault_of(const pg_result* result) {
    const auto sqlstate = field_of(result, PG_DIAG_SQLSTATE);
    // 25006: after a fail-over this server only reads. 26000: whoever pools connections between us
    // and the server lost what we had prepared. 0A000 of this function: "cached plan must not
    // change result type", a migration changed what a prepared statement returns.
    if (sqlstate == "25006" || sqlstate == "26000") return Fault::outdated;
    if (sqlstate == "0A000" && field_of(result, PG_DIAG_SOURCE_FUNCTION) == "RevalidateCachedQuery")
        return Fault::outdated;
    // No SQLSTATE: libpq itself speaks. 57P0x: the server is going down or just coming up. 25P03:
    // it ended a transaction that did nothing for too long.
    if (sqlstate.empty() || sqlstate.starts_with("08") || sqlstate.starts_with("57P0") ||
        sqlstate == "53300" || sqlstate == "25P03")
        return Fault::connection;
    return Fault::statement;
}

Error failure_of(const pg_result* result, std::string_view query) {
    const auto sqlstate = field_of(result, PG_DIAG_SQLSTATE);
    const auto constraint = std::string(field_of(result, PG_DIAG_CONSTRAINT_NAME));
    if (sqlstate == "25P03")
        return try_again("transaction_timeout",
                         "A transaction paused for too long and was undone; try again.");
    if (fault_of(result) != Fault::statement) return database_unavailable();
    if (sqlstate == "40001" || sqlstate == "40P01")
        return {ErrorKind::conflict, "serialization_failure",
                "Others changed the same data at the same time; try again."};
    if (sqlstate == "ST001")  // ours: raise_lease_lost()
        return {ErrorKind::conflict, "lease_lost",
                "Another took this over meanwhile; nothing was done here."};
    if (sqlstate == "23505")
        return {ErrorKind::conflict, "unique_violation", "There is already one: " + constraint};
    if (sqlstate == "23503")
        return {ErrorKind::conflict, "foreign_key_violation",
                "What this belongs to is not there, or is still in use: " + constraint};
    if (sqlstate == "57014")
        return try_again("statement_timeout",
                         "The database took too long for " + std::string(query) + "; try again.");
    if (sqlstate == "55P03")
        return try_again("lock_timeout",
                         std::string(query) + " waited too long for others to finish; try again.");
    if (sqlstate == "53100")
        return try_again("storage_full", "The database has no room left; the operator must help.");
    if (sqlstate.starts_with("53"))
        return try_again("database_unavailable", "The database is overloaded; try again shortly.");
    if (sqlstate == "22021" || sqlstate == "22P05")
        return {ErrorKind::invalid, "invalid_text", "Text must be valid UTF-8 without NUL."};
    return server_error(result, query, sqlstate);
}

}  // namespace stoa::postgres
