// SPDX-License-Identifier: Apache-2.0
#include "llm/fallback_model.hpp"

#include "base/log.hpp"
#include "llm/prompting.hpp"

#include <string>
#include <utility>

namespace stoa::llm {

namespace {

using Clock = http::ClientHealth::Clock;
using Outcome = http::ClientHealth::Outcome;

/// The same model elsewhere, or another, may do what this one could not.
bool may_pass_on(const Result<Completion>& completion) {
    return !completion && completion.error().kind == ErrorKind::unavailable;
}

}  // namespace

FallbackModel::FallbackModel(std::vector<std::unique_ptr<ChatModel>> models, Metrics* metrics)
    : models_(std::move(models)), metrics_(metrics) {}

void FallbackModel::count(std::size_t index, const char* outcome) {
    if (metrics_ == nullptr) return;
    metrics_->count("stoa_llm_answers_total", "Answers asked of chat models, by what became of it.",
                    {{"provider", std::string(models_[index]->provider())},
                     {"place", std::to_string(index + 1)},
                     {"outcome", outcome}});
}

Result<Completion> FallbackModel::ask(std::size_t index, const Prompt& prompt,
                                      const Listener& listener) {
    const auto name = std::to_string(index);
    const bool is_last = index + 1 == models_.size();
    const auto admitted = health_.admit(name, Clock::now());
    if (!admitted && !is_last) {
        count(index, "passed_over");
        return unavailable(
            "model_unavailable",
            "The language model failed several times; it is left alone for a moment.",
            admitted.error().retry_after.value_or(std::chrono::seconds(1)));
    }
    auto completion = models_[index]->complete(prompt, listener);
    const bool has_failed = may_pass_on(completion);
    count(index, completion ? "answered" : has_failed ? "failed" : "abandoned");
    const auto outcome = completion   ? Outcome::answered
                         : has_failed ? Outcome::failed
                                      : Outcome::unknown;
    // The last is asked without a ticket too, and then stands for no trial.
    if (health_.report(name, admitted.value_or(http::ClientHealth::Ticket{}), outcome,
                       Clock::now())) {
        log::warning("a language model is left alone for a moment",
                     {{"stoa.provider", std::string(models_[index]->provider())},
                      {"stoa.place", std::to_string(index + 1)}});
    }
    return completion;
}

std::int64_t FallbackModel::tokens_at_most(const Prompt& prompt) const {
    std::int64_t tokens = 0;
    for (const auto& model : models_) tokens += model->tokens_at_most(prompt);
    return tokens;
}

Result<Completion> FallbackModel::complete(const Prompt& prompt, const Listener& listener) {
    bool has_told = false;
    Usage in_vain;
    for (std::size_t index = 0;; ++index) {
        bool is_first_delta = true;
        std::string told;
        Listener own{.stop = listener.stop};
        own.on_delta = [&](std::string_view delta) {
            // An earlier model's words stand there: they are void before the first of this one.
            if (std::exchange(is_first_delta, false) && std::exchange(has_told, true) &&
                listener.on_restart && !listener.on_restart(models_[index]->provider())) {
                return false;
            }
            told += delta;
            return !listener.on_delta || listener.on_delta(delta);
        };
        auto completion = ask(index, prompt, own);
        if (completion) {
            completion->usage.prompt_tokens += in_vain.prompt_tokens;
            completion->usage.answer_tokens += in_vain.answer_tokens;
        } else if (!told.empty() && models_[index]->tokens_at_most(prompt) > 0) {
            in_vain.prompt_tokens += estimate_tokens(prompt);
            in_vain.answer_tokens += estimate_tokens(told);
        }
        if (!may_pass_on(completion) || index + 1 == models_.size()) return completion;
    }
}

}  // namespace stoa::llm
