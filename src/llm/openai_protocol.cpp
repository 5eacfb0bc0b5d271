// SPDX-License-Identifier: Apache-2.0
#include "base/json.hpp"
#include "llm/chat_protocol.hpp"
#include "llm/prompting.hpp"
#include "llm/protocol_json.hpp"

namespace stoa::llm {

namespace {

struct StreamOptions {
    bool include_usage = true;
};
BOOST_DESCRIBE_STRUCT(StreamOptions, (), (include_usage))

/// Servers that only resemble OpenAI's may refuse what they do not know, so there it is left out.
struct ChatRequest {
    std::string model;
    bool stream = true;
    double temperature = 0.2;
    std::vector<Message> messages;
};
BOOST_DESCRIBE_STRUCT(ChatRequest, (), (model, stream, temperature, messages))

struct OwnRequest {
    std::string model;
    bool stream = true;
    StreamOptions stream_options;
    std::int64_t max_completion_tokens = 0;
    std::vector<Message> messages;
};
BOOST_DESCRIBE_STRUCT(OwnRequest, (),
                      (model, stream, stream_options, max_completion_tokens, messages))

Piece::Stop read_stop(std::string_view reason) {
    if (reason.empty()) return Piece::Stop::none;
    if (reason == "length") return Piece::Stop::cut;
    if (reason == "content_filter") return Piece::Stop::refused;
    return Piece::Stop::whole;
}

class OpenAiProtocol final : public ChatProtocol {
  public:
    [[nodiscard]] std::string_view provider() const override { return "openai"; }

    [[nodiscard]] http::Outbound make_request(const Endpoint& endpoint,
                                              const Prompt& prompt) const override {
        http::Outbound request;
        request.url = endpoint.base_url + "/chat/completions";
        if (!endpoint.api_key.empty()) {
            request.headers.emplace_back("authorization", "Bearer " + endpoint.api_key);
        }
        const bool is_own = endpoint.base_url.starts_with("https://api.openai.com/");
        request.body =
            is_own
                ? json::to_text(OwnRequest{
                      endpoint.model, true, {}, endpoint.answer_tokens_max, make_messages(prompt)})
                : json::to_text(ChatRequest{endpoint.model, true, 0.2, make_messages(prompt)});
        return request;
    }

    [[nodiscard]] Result<Piece> read(const ServerEvent& event) const override {
        Piece piece;
        if (event.data == "[DONE]") {
            piece.stop = Piece::Stop::whole;
            piece.is_last = true;
            return piece;
        }
        const auto value = json::parse(event.data);
        if (!value || !value->is_object()) return garbage();
        const auto& object = value->get_object();
        if (object.contains("error")) {
            const auto* error = find_object(object, "error");
            const auto type = error == nullptr ? "" : find_text(*error, "type");
            const bool may_pass = type == "server_error" || type == "rate_limit_error";
            piece.stop = may_pass ? Piece::Stop::overloaded : Piece::Stop::failed;
            return piece;
        }
        piece.model = find_text(object, "model");
        const auto* usage = find_object(object, "usage");
        if (usage != nullptr) {
            piece.prompt_tokens = find_count(*usage, "prompt_tokens");
            piece.answer_tokens = find_count(*usage, "completion_tokens");
        }
        const auto* choices = object.if_contains("choices");
        if (choices == nullptr || !choices->is_array()) return garbage();
        if (choices->get_array().empty()) return piece;  // usage alone
        const auto* choice = choices->get_array()[0].if_object();
        if (choice == nullptr) return garbage();
        if (const auto* delta = find_object(*choice, "delta")) {
            piece.text = find_text(*delta, "content");
            if (!find_text(*delta, "refusal").empty()) piece.stop = Piece::Stop::refused;
        }
        if (piece.stop == Piece::Stop::none) {
            piece.stop = read_stop(find_text(*choice, "finish_reason"));
        }
        return piece;
    }
};

}  // namespace

std::unique_ptr<ChatProtocol> openai_protocol() { return std::make_unique<OpenAiProtocol>(); }

}  // namespace stoa::llm
