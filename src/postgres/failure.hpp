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

/// Does the failure mean that the connection is of no more use?
bool is_connection_lost(std::string_view sqlstate);

}  // namespace stoa::postgres
