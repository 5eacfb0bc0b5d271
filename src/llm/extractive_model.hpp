// SPDX-License-Identifier: Apache-2.0
// The chat model that needs no model: it answers with the passages' own sentences, picked by how
// near they are to the question in meaning and words, says that it does so, and says "not in these
// documents" when none is near enough. It never writes a statement of its own. Any thread.
#pragma once

#include "llm/chat_model.hpp"

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace stoa::llm {

/// The cosine similarity of each sentence to the question, in order.
using Similarity = std::function<Result<std::vector<float>>(
    std::string_view question, std::span<const std::string_view> sentences)>;

class ExtractiveModel final : public ChatModel {
  public:
    /// `reason` is told with each answer: why no language model wrote it.
    explicit ExtractiveModel(Similarity similarity,
                             std::string reason = "no language model is configured");

    [[nodiscard]] std::string_view provider() const override { return "extractive"; }
    [[nodiscard]] std::int64_t tokens_at_most(const Prompt& /*prompt*/) const override { return 0; }
    Result<Completion> complete(const Prompt& prompt, const Listener& listener) override;

  private:
    Similarity similarity_;
    std::string reason_;
};

}  // namespace stoa::llm
