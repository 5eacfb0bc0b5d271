// SPDX-License-Identifier: Apache-2.0
// The text that says where PostgreSQL is. libpq's own words about a wrong one repeat parts of it,
// and with them the password; these do not. Pure; any thread.
#pragma once

#include "base/result.hpp"

#include <string>

namespace stoa::postgres {

/// `settings_invalid` unless libpq can read the text and its hosts and ports look like such.
Result<void> check_conninfo(const std::string& conninfo);

}  // namespace stoa::postgres
