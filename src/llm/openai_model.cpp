// SPDX-License-Identifier: Apache-2.0
#include "llm/openai_model.hpp"

#include "base/json.hpp"
#include "base/log.hpp"
#include "llm/answer_splitter.hpp"
#include "llm/prompting.hpp"
#include "llm/quotes.hpp"
#include "llm/sse_parser.hpp"

#include <optional>
#include <utility>

namespace stoa::llm {

namespace {

constexpr std::size_t answer_bytes_max = 64 * 1024;

struct ChatRequest {
    std::string model;
    bool stream = true;
    double temperature = 0.2;
    std::vector<Message> messages;
};
BOOST_DESCRIBE_STRUCT(ChatRequest, (), (model, stream, temperature, messages))

tl::unexpected<Error> model_unavailable(std::string message, std::chrono::seconds after) {
    return unavailable("model_unavailable", std::move(message), after);
}

tl::unexpected<Error> model_unavailable(std::string message) {
    return model_unavailable(std::move(message), std::chrono::seconds(5));
}

/// The text of `choices[0].delta.content`, and whether this chunk is the last that counts.
struct Chunk {
    std::string text;
    bool is_last = false;
    std::string model;
};

Result<Chunk> read_chunk(std::string_view data) {
    const auto garbage = [] {
        return model_unavailable("The language model answered something that is no chat chunk.");
    };
    Chunk chunk;
    if (data == "[DONE]") {
        chunk.is_last = true;
        return chunk;
    }
    const auto value = json::parse(data);
    if (!value || !value->is_object()) return garbage();
    const auto& object = value->get_object();
    if (object.contains("error")) {
        return model_unavailable("The language model broke off with an error.");
    }
    if (const auto* model = object.if_contains("model"); model && model->is_string()) {
        chunk.model = model->get_string();
    }
    const auto* choices = object.if_contains("choices");
    if (choices == nullptr || !choices->is_array()) return garbage();
    if (choices->get_array().empty()) return chunk;  // usage alone
    const auto* choice = choices->get_array()[0].if_object();
    if (choice == nullptr) return garbage();
    if (const auto* delta = choice->if_contains("delta"); delta && delta->is_object()) {
        const auto* content = delta->get_object().if_contains("content");
        if (content && content->is_string()) chunk.text = content->get_string();
    }
    const auto* reason = choice->if_contains("finish_reason");
    chunk.is_last = reason != nullptr && !reason->is_null();
    return chunk;
}

/// One streamed answer: bytes in, deltas out.
class Receiver {
  public:
    explicit Receiver(const OnDelta& on_delta) : on_delta_(on_delta) {}

    /// False: stop the transfer.
    bool take(std::string_view bytes) {
        bool goes_on = true;
        auto fed = parser_.feed(bytes, [&](const ServerEvent& event) {
            goes_on = take_event(event);
            return goes_on;
        });
        if (!fed) error_ = model_unavailable(fed.error().message).value();
        return goes_on && !error_;
    }

    Result<Completion> finish(const Prompt& prompt, const std::string& asked_model) {
        if (error_ && !is_ended_) return tl::unexpected<Error>(*error_);
        if (!is_ended_) return model_unavailable("The language model's answer was cut off.");
        if (!tell(splitter_.finish())) return tl::unexpected<Error>(*error_);
        if (completion_.answer.empty()) {
            return model_unavailable("The language model gave an empty answer.");
        }
        completion_.follow_ups = splitter_.follow_ups();
        completion_.quotes = read_quotes(completion_.answer, prompt.passages);
        if (completion_.model.empty()) completion_.model = asked_model;
        return std::move(completion_);
    }

  private:
    bool take_event(const ServerEvent& event) {
        auto chunk = read_chunk(event.data);
        if (!chunk) {
            error_ = chunk.error();
            return false;
        }
        if (completion_.model.empty()) completion_.model = cut_utf8(chunk->model, 100);
        if (!tell(splitter_.feed(chunk->text))) return false;
        is_ended_ = is_ended_ || chunk->is_last;
        return !is_ended_;
    }

    bool tell(const std::string& text) {
        if (text.empty()) return true;
        if (completion_.answer.size() + text.size() > answer_bytes_max) {
            error_ = Error{ErrorKind::unavailable,
                           "model_unavailable",
                           "The language model's answer is too long.",
                           {},
                           {}};
            return false;
        }
        completion_.answer += text;
        if (!on_delta_ || on_delta_(text)) return true;
        error_ = Error{
            ErrorKind::conflict, "asker_gone", "Nobody waits for this answer any more.", {}, {}};
        return false;
    }

    const OnDelta& on_delta_;
    SseParser parser_;
    AnswerSplitter splitter_;
    Completion completion_;
    std::optional<Error> error_;
    bool is_ended_ = false;
};

/// What a transfer came to.
Result<Completion> judge(const Result<http::Inbound>& answer, Receiver& receiver,
                         const Prompt& prompt, const std::string& model) {
    if (!answer) {
        const auto& error = answer.error();
        if (error.code == "upstream_timeout") {
            return unavailable("model_timeout", "The language model took too long.",
                               std::chrono::seconds(5));
        }
        return model_unavailable("The language model cannot be reached.",
                                 error.retry_after.value_or(std::chrono::seconds(5)));
    }
    if (answer->status / 100 == 2) return receiver.finish(prompt, model);
    return model_unavailable(
        "The language model answered with status " + std::to_string(answer->status) + ".",
        answer->retry_after.value_or(std::chrono::seconds(5)));
}

}  // namespace

OpenAiModel::OpenAiModel(Options options, http::Client client)
    : options_(std::move(options)), client_(std::move(client)) {
    while (options_.base_url.ends_with('/')) options_.base_url.pop_back();
}

Result<Completion> OpenAiModel::complete(const Prompt& prompt, const OnDelta& on_delta) {
    http::Outbound request;
    request.method = http::Method::post;
    request.url = options_.base_url + "/chat/completions";
    request.headers = {{"content-type", "application/json"}, {"accept", "text/event-stream"}};
    if (!options_.api_key.empty()) {
        request.headers.emplace_back("authorization", "Bearer " + options_.api_key);
    }
    request.body = json::to_text(ChatRequest{options_.model, true, 0.2, make_messages(prompt)});
    request.stall_timeout = options_.stall_timeout;
    request.total_timeout = options_.total_timeout;
    request.allow_private_addresses = true;  // the operator's own setting
    request.repeat = http::Repeat::always;   // asking twice changes nothing over there
    request.tries_max = options_.tries_max;
    request.upstream = "llm";
    Receiver receiver(on_delta);
    const auto answer =
        client_.stream(request, [&](std::string_view bytes) { return receiver.take(bytes); });
    auto completion = judge(answer, receiver, prompt, options_.model);
    if (!completion) {
        log::warning("the language model failed",
                     {{"error.code", std::string(completion.error().code)},
                      {"error.message", completion.error().message}});
    }
    return completion;
}

}  // namespace stoa::llm
