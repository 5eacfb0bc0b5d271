// SPDX-License-Identifier: Apache-2.0
// What differs between the protocols that language models are asked by: how a prompt becomes a
// request, and what one event of the streamed answer says. `RemoteModel` does the rest the same for
// all. Implementations hold no state; any thread.
#pragma once

#include "http/client.hpp"
#include "llm/chat_model.hpp"
#include "llm/sse_parser.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <boost/describe.hpp>

namespace stoa::llm {

/// Where a model is asked, and for which.
struct Endpoint {
    std::string base_url;  ///< such as "https://api.openai.com/v1", "https://api.anthropic.com"
    std::string api_key;   ///< empty: none is sent
    std::string model;
    std::int64_t answer_tokens_max = 2'048;
};

/// What one event adds.
struct Piece {
    enum class Stop {
        none,        ///< the answer goes on
        whole,       ///< it is complete
        cut,         ///< the model came to its limit of length
        refused,     ///< the provider held the answer back
        overloaded,  ///< the provider broke off; another try may do
        failed       ///< the provider broke off
    };
    std::string text;
    std::string model;  ///< the one that answers, where the event tells
    Stop stop = Stop::none;
    bool is_last = false;            ///< nothing that counts comes after
    std::int64_t prompt_tokens = 0;  ///< 0: not told
    std::int64_t answer_tokens = 0;  ///< so far; 0: not told
};

class ChatProtocol {
  public:
    virtual ~ChatProtocol() = default;
    /// "openai", "anthropic"; shown with every answer.
    [[nodiscard]] virtual std::string_view provider() const = 0;
    /// URL, headers and body alone.
    [[nodiscard]] virtual http::Outbound make_request(const Endpoint& endpoint,
                                                      const Prompt& prompt) const = 0;
    /// `model_unavailable` for what is no event of this protocol.
    [[nodiscard]] virtual Result<Piece> read(const ServerEvent& event) const = 0;
};

/// OpenAI's chat completions, and whoever speaks them: vLLM, llama.cpp, Ollama.
std::unique_ptr<ChatProtocol> openai_protocol();
/// Anthropic's messages.
std::unique_ptr<ChatProtocol> anthropic_protocol();

enum class ProtocolName { openai, anthropic };
BOOST_DESCRIBE_ENUM(ProtocolName, openai, anthropic)
std::unique_ptr<ChatProtocol> make_protocol(ProtocolName name);

}  // namespace stoa::llm
