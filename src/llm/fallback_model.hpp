// SPDX-License-Identifier: Apache-2.0
// Several chat models, asked in order: where one is away, too slow or answers garbage, the next
// takes over, and who listens is told when an answer begins anew. A model that failed several times
// in a row is passed over for a moment (circuit breaker), except the last. Any thread.
#pragma once

#include "base/metrics.hpp"
#include "http/client_health.hpp"
#include "llm/chat_model.hpp"

#include <memory>
#include <vector>

namespace stoa::llm {

class FallbackModel final : public ChatModel {
  public:
    /// At least one model. `metrics` may be null and must live as long as this.
    FallbackModel(std::vector<std::unique_ptr<ChatModel>> models, Metrics* metrics);

    /// The first: who answers when all is well.
    [[nodiscard]] std::string_view provider() const override { return models_[0]->provider(); }
    /// That of the models together: each may have begun.
    [[nodiscard]] std::int64_t tokens_at_most(const Prompt& prompt) const override;
    /// What was told in vain counts in the usage. If all fail, what the last one said.
    Result<Completion> complete(const Prompt& prompt, const Listener& listener) override;

  private:
    Result<Completion> ask(std::size_t index, const Prompt& prompt, const Listener& listener);
    void count(std::size_t index, const char* outcome);

    std::vector<std::unique_ptr<ChatModel>> models_;
    http::ClientHealth health_;
    Metrics* metrics_;
};

}  // namespace stoa::llm
