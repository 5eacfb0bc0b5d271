// SPDX-License-Identifier: Apache-2.0
// One SQL statement with its name. The constants come from the modules' sql/ folders (one statement
// a file, `$1…` parameters; in its head `-- timeout: 2s` if the default does not fit, and `-- plan:
// anew` if its tables grow faster than a kept plan is given up); the name labels metrics, logs and
// errors. Literals only; any thread.
#pragma once

#include <chrono>
#include <string_view>

namespace stoa::postgres {

struct Query {
    std::string_view name;  ///< "rooms.join_room"
    std::string_view text;
    std::chrono::milliseconds timeout{0};  ///< the server ends it then; 0 is the default
    bool is_read_only = false;             ///< nothing changes: it may be sent again
    bool is_planned_anew = false;          ///< each time, by the tables' size at that moment
};

}  // namespace stoa::postgres
