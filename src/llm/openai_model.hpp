// SPDX-License-Identifier: Apache-2.0
// Any server that speaks OpenAI's chat completions: OpenAI itself, vLLM, llama.cpp, Ollama, aimock.
// The answer is streamed; what is retried is only what has not begun to answer. Any thread.
#pragma once

#include "http/client.hpp"
#include "llm/chat_model.hpp"

#include <chrono>
#include <string>

namespace stoa::llm {

class OpenAiModel final : public ChatModel {
  public:
    struct Options {
        std::string base_url;  ///< such as "https://api.openai.com/v1"
        std::string api_key;   ///< empty: none is sent
        std::string model;
        std::chrono::milliseconds stall_timeout{30'000};
        std::chrono::milliseconds total_timeout{120'000};
        int tries_max = 3;
    };

    explicit OpenAiModel(Options options, http::Client client = http::Client());

    [[nodiscard]] std::string_view provider() const override { return "openai"; }
    /// A refusal (401, 404, …), garbage, and a stream that is cut off are `model_unavailable`; 429
    /// and 5xx are tried again within seconds, then they are, with the server's Retry-After.
    Result<Completion> complete(const Prompt& prompt, const OnDelta& on_delta) override;

  private:
    Options options_;
    http::Client client_;
};

}  // namespace stoa::llm
