// SPDX-License-Identifier: Apache-2.0
// Keeps the summaries of long conversations: what no longer finds room in a prompt is folded into
// the conversation's summary behind its answer, by the chat model within the asker's token budget,
// or else by picking lines. Nothing waits for it: until it is done, or if it fails, prompts
// condense for themselves (prompt_budget.hpp). Two threads of its own.
#pragma once

#include "base/id.hpp"
#include "base/result.hpp"
#include "base/worker_pool.hpp"
#include "llm/chat_model.hpp"
#include "tutor/conversations.hpp"
#include "tutor/prompt_budget.hpp"
#include "tutor/token_budget.hpp"

#include <stop_token>

namespace stoa::tutor {

class Summaries {
  public:
    Summaries(Conversations& conversations, TokenBudget& budget, llm::ChatModel& model,
              PromptBudget room);
    /// Breaks off what is under way.
    ~Summaries();

    /// Soon, on another thread. A full queue drops it: the next answer asks again.
    void refresh_later(const UserId& asker, const ConversationId& conversation);
    /// Until what is not summarised finds room; at most some steps.
    Result<void> refresh(const UserId& asker, const ConversationId& conversation);

  private:
    /// Whether there may be more to fold.
    Result<bool> fold(const UserId& asker, const ConversationId& conversation);
    std::string summarise(const UserId& asker, const llm::Prompt& prompt);

    Conversations& conversations_;
    TokenBudget& budget_;
    llm::ChatModel& model_;
    PromptBudget room_;
    std::stop_source stop_;
    WorkerPool pool_;
};

}  // namespace stoa::tutor
