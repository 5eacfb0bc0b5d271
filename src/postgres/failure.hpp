// SPDX-License-Identifier: Apache-2.0
// What a failure of PostgreSQL means to us: SQLSTATEs (PostgreSQL's appendix A) to `Error`. Private
// to this module. Pure; any thread.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

struct pg_result;

namespace stoa::postgres {

/// Of a result that carries an error. The message names the query and never holds data: what
/// PostgreSQL says of wrong values (classes 22 and 23) quotes them.
Error failure_of(const pg_result* result, std::string_view query);

/// The server did not answer.
Error database_unavailable();

/// The connection broke while something was being committed.
Error commit_unknown();

/// What of ours a failure leaves useless.
enum class Fault {
    statement,   ///< nothing but the statement and its transaction
    connection,  ///< the connection
    outdated,    ///< all connections: the server turned read-only, or the schema was changed under
                 ///< prepared statements. The statement did nothing.
};
Fault fault_of(const pg_result* result);

}  // namespace stoa::postgres
