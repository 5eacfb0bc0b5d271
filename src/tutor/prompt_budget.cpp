// SPDX-License-Identifier: Apache-2.0
#include "tutor/prompt_budget.hpp"

#include "base/text.hpp"
#include "llm/condensation.hpp"
#include "llm/prompting.hpp"

#include <algorithm>
#include <iterator>

namespace stoa::tutor {

namespace {

using Turns = std::vector<llm::Turn>;

/// Where the last turns begin that find room, all of them questions with their answers.
std::size_t first_that_fits(const Turns& turns, std::int64_t tokens_max) {
    std::size_t first = turns.size();
    std::int64_t tokens = 0;
    for (std::size_t i = turns.size(); i-- > 0;) {
        tokens += llm::estimate_tokens(llm::shown_of(turns[i]));
        if (tokens > tokens_max) break;
        if (turns[i].role == llm::Turn::Role::user) first = i;
    }
    return first;
}

}  // namespace

std::int64_t estimate_tokens(const Turns& turns) {
    std::int64_t tokens = 0;
    for (const auto& turn : turns) tokens += llm::estimate_tokens(llm::shown_of(turn));
    return tokens;
}

std::size_t PromptBudget::summary_bytes_max() const {
    constexpr std::int64_t bytes_per_token = 3;  // as they are estimated
    return static_cast<std::size_t>(history_tokens_max() / 2 * bytes_per_token);
}

std::int64_t PromptBudget::weigh(const llm::Turn& turn) const {
    return std::max(llm::estimate_tokens(llm::shown_of(turn)), turn_tokens_max() / turns_max);
}

std::int64_t PromptBudget::weigh(const Turns& turns) const {
    std::int64_t weight = 0;
    for (const auto& turn : turns) weight += weigh(turn);
    return weight;
}

Result<void> PromptBudget::fit(llm::Prompt& prompt) const {
    prompt.summary = std::string(cut_utf8(prompt.summary, summary_bytes_max()));
    const auto room = history_tokens_max() - llm::estimate_tokens(prompt.summary);
    if (estimate_tokens(prompt.turns) > room) {
        // The summary may grow by what is condensed.
        const auto first = first_that_fits(prompt.turns, turn_tokens_max());
        const auto begin = prompt.turns.begin();
        const auto kept = std::next(begin, static_cast<std::ptrdiff_t>(first));
        prompt.summary = llm::condense(prompt.summary, Turns(begin, kept), summary_bytes_max());
        prompt.turns.erase(begin, kept);
    }
    while (prompt.passages.size() > 1 && llm::estimate_tokens(prompt) > tokens_max_) {
        prompt.passages.pop_back();
    }
    if (llm::estimate_tokens(prompt) <= tokens_max_) return {};
    return tl::unexpected<Error>(
        Error{ErrorKind::invalid,
              "question_too_long",
              "The question leaves no room for what the model should read; ask in fewer words.",
              {{{"body", "question"}, "Input should be shorter", "string_too_long"}},
              {}});
}

}  // namespace stoa::tutor
