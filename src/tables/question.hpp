// SPDX-License-Identifier: Apache-2.0
// From a question in English to a plan, by fixed rules and without a model: "how many rows", "how
// many … where column is X", "mean of A by B", "top 5 A by B". Every word of the question has to
// have a part in the plan, or be one that means nothing here: what is not understood whole is not
// answered at all. Pure functions; any thread.
#pragma once

#include "base/result.hpp"
#include "tables/plan.hpp"
#include "tables/profile.hpp"

#include <string_view>
#include <vector>

namespace stoa::tables {

/// False: `plan_question` has no plan for it, whatever the columns are.
bool may_ask_for_computation(std::string_view question);

/// The plan that a question asks for, of a table with these columns. `question_not_understood`
/// (invalid) names the first word that has no part in it.
Result<Plan> plan_question(std::string_view question, const std::vector<ColumnProfile>& columns);

}  // namespace stoa::tables
