// SPDX-License-Identifier: Apache-2.0
// The commands that are known here by name: where their keys are, and whether doing them twice is
// harmless. They bound the names that metrics tell apart. Pure; any thread. Private.
#pragma once

#include <string_view>

namespace stoa::redis {

enum class Keys {
    none,
    first,         ///< GET key
    all,           ///< DEL key key …
    all_but_last,  ///< BRPOP key … seconds
    first_two,     ///< LMOVE from to LEFT RIGHT
    counted,       ///< EVAL script 2 key key …
};

struct KnownCommand {
    std::string_view name;
    Keys keys = Keys::first;
    bool is_repeatable = false;
};

/// Case does not matter. One that is not known is called "other" and has its key first.
const KnownCommand& find_command(std::string_view name);

}  // namespace stoa::redis
