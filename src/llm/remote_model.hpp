// SPDX-License-Identifier: Apache-2.0
// A language model behind one of the protocols of chat_protocol.hpp, asked over HTTP. The answer is
// streamed; it is asked for again only as long as nothing of it was told. Any thread.
#pragma once

#include "http/client.hpp"
#include "llm/chat_protocol.hpp"

#include <chrono>
#include <memory>

namespace stoa::llm {

class RemoteModel final : public ChatModel {
  public:
    struct Options {
        Endpoint endpoint;
        std::chrono::milliseconds stall_timeout{30'000};
        std::chrono::milliseconds total_timeout{120'000};  ///< tries and their pauses too
        int tries_max = 3;
    };

    RemoteModel(std::unique_ptr<ChatProtocol> protocol, Options options,
                http::Client client = http::Client());

    [[nodiscard]] std::string_view provider() const override { return protocol_->provider(); }
    [[nodiscard]] std::int64_t tokens_at_most(const Prompt& prompt) const override;
    /// `model_unavailable`: a refusal (401, 404, …), garbage, a stream that is cut off, an answer
    /// that is empty or held back; 429, 5xx and a provider that says it is overloaded before its
    /// answer began are tried again within seconds, then they are it too, with the server's
    /// Retry-After. `model_timeout`: too slow.
    Result<Completion> complete(const Prompt& prompt, const Listener& listener) override;

  private:
    Options options_;
    std::unique_ptr<ChatProtocol> protocol_;
    http::Client client_;
};

}  // namespace stoa::llm
