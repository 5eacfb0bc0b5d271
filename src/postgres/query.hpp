// SPDX-License-Identifier: Apache-2.0
// One SQL statement with its name. The constants come from the modules' sql/ folders (one statement
// a file, `$1…` parameters); the name labels metrics, logs and errors. Literals only; any thread.
#pragma once

#include <string_view>

namespace stoa::postgres {

struct Query {
    std::string_view name;  ///< "rooms.join_room"
    std::string_view text;
};

}  // namespace stoa::postgres
