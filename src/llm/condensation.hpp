// SPDX-License-Identifier: Apache-2.0
// Condenses a conversation without a language model: for each question one line with its words and
// the first of its answer's, nothing of its own. Pure function; any thread.
#pragma once

#include "llm/chat_model.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace stoa::llm {

/// `summary` (what was condensed before, by whomever) continued with the turns, in at most
/// `bytes_max` bytes. What does not fit is left out from behind the first line on, and a line says
/// so.
std::string condense(std::string_view summary, const std::vector<Turn>& turns,
                     std::size_t bytes_max);

}  // namespace stoa::llm
