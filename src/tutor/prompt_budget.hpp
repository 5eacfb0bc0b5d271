// SPDX-License-Identifier: Apache-2.0
// How the room in a prompt is shared: a third at most for what was said before (half of that for
// the summary), the rest for the question and the best passages. Pure functions; any thread.
#pragma once

#include "base/result.hpp"
#include "llm/chat_model.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace stoa::tutor {

class PromptBudget {
  public:
    /// Estimated tokens (llm/prompting.hpp) of all that a model is sent for one answer.
    explicit PromptBudget(std::int64_t tokens_max) : tokens_max_(tokens_max) {}

    [[nodiscard]] std::int64_t tokens_max() const { return tokens_max_; }
    /// Of the summary and the turns behind it.
    [[nodiscard]] std::int64_t history_tokens_max() const { return tokens_max_ / 3; }
    [[nodiscard]] std::size_t summary_bytes_max() const;
    /// What is unsummarised beyond this (as `weigh` has it) is to be summarised.
    [[nodiscard]] std::int64_t turn_tokens_max() const { return history_tokens_max() / 2; }
    /// Tokens as they are sent; but a short turn weighs so much that the room is full with
    /// `turns_max` of them: no more than twice as many are ever looked at.
    [[nodiscard]] std::int64_t weigh(const llm::Turn& turn) const;
    [[nodiscard]] std::int64_t weigh(const std::vector<llm::Turn>& turns) const;
    static constexpr std::int64_t turns_max = 64;

    /// Puts turns that find no room, the oldest first, into the summary (condensed), and takes the
    /// worst passages away, until the prompt is within the budget. `question_too_long` (invalid) if
    /// there is not even room for one passage.
    Result<void> fit(llm::Prompt& prompt) const;

  private:
    std::int64_t tokens_max_;
};

/// Of the turns as they are sent.
std::int64_t estimate_tokens(const std::vector<llm::Turn>& turns);

}  // namespace stoa::tutor
