// SPDX-License-Identifier: Apache-2.0
#include "tutor/summaries.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "llm/condensation.hpp"
#include "llm/prompting.hpp"

#include <exception>
#include <iterator>
#include <memory>
#include <utility>

namespace stoa::tutor {

namespace {

constexpr std::size_t threads = 2;
constexpr std::size_t queued_max = 64;
constexpr int steps_max = 8;
constexpr std::int64_t turns_at_once = 2 * PromptBudget::turns_max;

/// How many of the first turns to fold, whole exchanges: so many that the rest finds room with some
/// to spare, but no more than half of what a model is sent at once.
std::size_t count_to_fold(const std::vector<llm::Turn>& turns, const PromptBudget& room) {
    auto left = room.weigh(turns);
    if (left <= room.turn_tokens_max()) return 0;
    std::int64_t sent = 0;
    std::size_t count = 0;
    for (std::size_t i = 0; i + 1 < turns.size(); ++i) {
        constexpr std::int64_t name_tokens = 8;  // says whose turn it is
        sent += llm::estimate_tokens(llm::shown_of(turns[i])) + name_tokens;
        if (i > 1 && sent > room.tokens_max() / 2) break;
        left -= room.weigh(turns[i]);
        if (turns[i + 1].role != llm::Turn::Role::user) continue;
        count = i + 1;
        if (left <= room.turn_tokens_max() / 2) break;
    }
    return count;
}

}  // namespace

Summaries::Summaries(Conversations& conversations, TokenBudget& budget, llm::ChatModel& model,
                     PromptBudget room)
    : conversations_(conversations),
      budget_(budget),
      model_(model),
      room_(room),
      pool_(threads, queued_max) {}

Summaries::~Summaries() { stop_.request_stop(); }

void Summaries::refresh_later(const UserId& asker, const ConversationId& conversation) {
    (void)pool_.submit([this, asker, conversation] {
        try {
            if (const auto done = refresh(asker, conversation); !done) {
                log::warning("a conversation could not be summarised",
                             {{"error.code", std::string(done.error().code)}});
            }
        } catch (const std::exception& error) {
            log::error("a conversation could not be summarised",
                       {{"error.message", std::string(error.what())}});
        }
    });
}

Result<void> Summaries::refresh(const UserId& asker, const ConversationId& conversation) {
    for (int step = 0; step < steps_max && !stop_.stop_requested(); ++step) {
        const auto may_have_more = fold(asker, conversation);
        if (!may_have_more) return fail(may_have_more);
        if (!*may_have_more) break;
    }
    return {};
}

Result<bool> Summaries::fold(const UserId& asker, const ConversationId& conversation) {
    auto memory = conversations_.remember(asker, conversation, turns_at_once, true);
    if (!memory) return fail(memory);
    const auto count = count_to_fold(memory->turns, room_);
    if (count == 0) return false;
    llm::Prompt prompt;
    prompt.style = llm::Style::summary;
    prompt.summary = std::move(memory->summary);
    prompt.turns.assign(memory->turns.begin(),
                        std::next(memory->turns.begin(), static_cast<std::ptrdiff_t>(count)));
    prompt.summary_bytes_max = room_.summary_bytes_max();
    const auto summary = summarise(asker, prompt);
    if (stop_.stop_requested()) return false;
    auto stored = conversations_.store_summary(asker, conversation, summary, memory->ids[count - 1],
                                               memory->summarised_through);
    if (!stored) return fail(stored);
    return true;
}

std::string Summaries::summarise(const UserId& asker, const llm::Prompt& prompt) {
    const auto condensed = [&] {
        return llm::condense(prompt.summary, prompt.turns, prompt.summary_bytes_max);
    };
    std::shared_ptr<TokenBudget::Reservation> tokens;
    if (const auto most = model_.tokens_at_most(prompt); most > 0) {
        auto reserved = budget_.reserve(asker, most);
        if (!reserved) return condensed();
        tokens = std::move(*reserved);
    }
    const auto completion = model_.complete(prompt, {.stop = stop_.get_token()});
    if (!completion) return condensed();
    if (tokens) tokens->settle(completion->usage.prompt_tokens + completion->usage.answer_tokens);
    return std::string(cut_utf8(completion->answer, prompt.summary_bytes_max));
}

}  // namespace stoa::tutor
