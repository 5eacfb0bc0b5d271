// SPDX-License-Identifier: Apache-2.0
// The servers that a connection string names. libpq tries several of them itself only in its
// blocking calls, so they are told apart here and tried one by one. Private to this module. Values.
#pragma once

#include "base/result.hpp"

#include <map>
#include <string>
#include <vector>

namespace stoa::postgres {

/// libpq's keywords and values for one server.
using Host = std::map<std::string, std::string>;

/// One of each server, in the order written (`host=a,b port=5432,5433`, also as URI). With several,
/// only one that takes writes will do, unless `target_session_attrs` says otherwise; libpq's other
/// defaults stay. Errors: `settings_invalid`.
Result<std::vector<Host>> hosts_of(const std::string& conninfo);

}  // namespace stoa::postgres
