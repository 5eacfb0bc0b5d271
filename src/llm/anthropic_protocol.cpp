// SPDX-License-Identifier: Apache-2.0
#include "base/json.hpp"
#include "llm/chat_protocol.hpp"
#include "llm/prompting.hpp"
#include "llm/protocol_json.hpp"

#include <algorithm>

namespace stoa::llm {

namespace {

constexpr std::string_view version = "2023-06-01";

struct MessagesRequest {
    std::string model;
    std::int64_t max_tokens = 0;
    bool stream = true;
    std::string system;
    std::vector<Message> messages;
};
BOOST_DESCRIBE_STRUCT(MessagesRequest, (), (model, max_tokens, stream, system, messages))

/// The system text stands apart, and the first message must be a person's.
MessagesRequest make_body(const Endpoint& endpoint, const Prompt& prompt) {
    MessagesRequest body;
    body.model = endpoint.model;
    body.max_tokens = endpoint.answer_tokens_max;
    for (auto& message : make_messages(prompt)) {
        if (message.role == "system") {
            body.system += (body.system.empty() ? "" : "\n\n") + message.content;
        } else if (!body.messages.empty() || message.role == "user") {
            body.messages.push_back(std::move(message));
        }
    }
    return body;
}

/// Errors inside a stream: api_error is their 500, overloaded_error their 529.
bool may_pass(std::string_view type) {
    return type == "overloaded_error" || type == "api_error" || type == "rate_limit_error" ||
           type == "timeout_error";
}

Piece::Stop read_stop(std::string_view reason) {
    if (reason.empty()) return Piece::Stop::none;
    if (reason == "max_tokens" || reason == "model_context_window_exceeded") {
        return Piece::Stop::cut;
    }
    if (reason == "refusal") return Piece::Stop::refused;
    return Piece::Stop::whole;
}

void read_usage(const Object& holder, Piece& piece) {
    const auto* usage = find_object(holder, "usage");
    if (usage == nullptr) return;
    // What was read from or written to their cache is counted apart from input_tokens.
    piece.prompt_tokens = find_count(*usage, "input_tokens") +
                          find_count(*usage, "cache_creation_input_tokens") +
                          find_count(*usage, "cache_read_input_tokens");
    piece.answer_tokens = find_count(*usage, "output_tokens");
}

class AnthropicProtocol final : public ChatProtocol {
  public:
    [[nodiscard]] std::string_view provider() const override { return "anthropic"; }

    [[nodiscard]] http::Outbound make_request(const Endpoint& endpoint,
                                              const Prompt& prompt) const override {
        http::Outbound request;
        const bool has_version = endpoint.base_url.ends_with("/v1");
        request.url = endpoint.base_url + (has_version ? "/messages" : "/v1/messages");
        request.headers.emplace_back("anthropic-version", version);
        if (!endpoint.api_key.empty()) request.headers.emplace_back("x-api-key", endpoint.api_key);
        request.body = json::to_text(make_body(endpoint, prompt));
        return request;
    }

    [[nodiscard]] Result<Piece> read(const ServerEvent& event) const override {
        const auto value = json::parse(event.data);
        if (!value || !value->is_object()) return garbage();
        const auto& object = value->get_object();
        const auto type = find_text(object, "type");
        if (type.empty()) return garbage();
        Piece piece;
        if (type == "message_start") {
            const auto* message = find_object(object, "message");
            if (message == nullptr) return garbage();
            piece.model = find_text(*message, "model");
            read_usage(*message, piece);
        } else if (type == "content_block_delta") {
            const auto* delta = find_object(object, "delta");
            if (delta == nullptr) return garbage();
            if (find_text(*delta, "type") == "text_delta") piece.text = find_text(*delta, "text");
        } else if (type == "message_delta") {
            const auto* delta = find_object(object, "delta");
            if (delta == nullptr) return garbage();
            piece.stop = read_stop(find_text(*delta, "stop_reason"));
            read_usage(object, piece);
        } else if (type == "message_stop") {
            piece.stop = Piece::Stop::whole;
            piece.is_last = true;
        } else if (type == "error") {
            const auto* error = find_object(object, "error");
            const bool passes = error != nullptr && may_pass(find_text(*error, "type"));
            piece.stop = passes ? Piece::Stop::overloaded : Piece::Stop::failed;
        }
        return piece;  // "ping", the ends of blocks, and what is yet to be invented, say nothing
    }
};

}  // namespace

std::unique_ptr<ChatProtocol> anthropic_protocol() { return std::make_unique<AnthropicProtocol>(); }

std::unique_ptr<ChatProtocol> make_protocol(ProtocolName name) {
    return name == ProtocolName::anthropic ? anthropic_protocol() : openai_protocol();
}

}  // namespace stoa::llm
