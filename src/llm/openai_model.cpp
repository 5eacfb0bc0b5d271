// SPDX-License-Identifier: Apache-2.0
#include "llm/openai_model.hpp"

#include "base/json.hpp"
#include "base/log.hpp"
#include "llm/answer_splitter.hpp"
#include "llm/prompting.hpp"
#include "llm/quotes.hpp"
#include "llm/sse_parser.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <thread>
#include <utility>

namespace stoa::llm {

namespace {

constexpr std::size_t answer_bytes_max = 64 * 1024;
constexpr std::chrono::milliseconds pause_first{250};
constexpr std::chrono::milliseconds pause_max{2'000};

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

    [[nodiscard]] bool has_begun() const { return !completion_.answer.empty(); }

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

std::optional<std::chrono::seconds> retry_after(const http::Inbound& answer) {
    for (const auto& [name, value] : answer.headers) {
        if (name != "retry-after") continue;
        int seconds = 0;
        const auto end = value.data() + value.size();
        if (std::from_chars(value.data(), end, seconds).ptr == end && seconds >= 0) {
            return std::chrono::seconds(std::min(seconds, 3'600));
        }
    }
    return std::nullopt;
}

bool is_passing(int status) { return status == 408 || status == 429 || status >= 500; }

/// Of one try: the completion, or the error and how soon another try makes sense.
struct Attempt {
    Result<Completion> result;
    bool may_retry = false;
    std::optional<std::chrono::seconds> wait;
};

Attempt judge(const Result<http::Inbound>& answer, Receiver& receiver, const Prompt& prompt,
              const std::string& model) {
    if (!answer) {
        const bool is_late = answer.error().code == "upstream_timeout";
        auto failed = is_late ? unavailable("model_timeout", "The language model took too long.",
                                            std::chrono::seconds(5))
                              : model_unavailable("The language model cannot be reached.");
        return {failed, !is_late && !receiver.has_begun(), std::nullopt};
    }
    if (answer->status >= 200 && answer->status < 300) {
        return {receiver.finish(prompt, model), false, std::nullopt};
    }
    const auto wait = retry_after(*answer);
    return {model_unavailable(
                "The language model answered with status " + std::to_string(answer->status) + ".",
                wait.value_or(std::chrono::seconds(5))),
            is_passing(answer->status), wait};
}

}  // namespace

OpenAiModel::OpenAiModel(Options options) : options_(std::move(options)) {
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
    auto pause = pause_first;
    for (int attempt = 1;; ++attempt) {
        Receiver receiver(on_delta);
        const auto answer =
            client_.stream(request, [&](std::string_view bytes) { return receiver.take(bytes); });
        auto outcome = judge(answer, receiver, prompt, options_.model);
        if (outcome.result) return std::move(outcome.result);
        log::warning("the language model failed",
                     {{"error.code", std::string(outcome.result.error().code)},
                      {"error.message", outcome.result.error().message}});
        const auto wait = std::max<std::chrono::milliseconds>(
            pause, outcome.wait.value_or(std::chrono::seconds(0)));
        if (!outcome.may_retry || attempt == options_.tries_max || wait > pause_max) {
            return std::move(outcome.result);
        }
        std::this_thread::sleep_for(wait);
        pause *= 2;
    }
}

}  // namespace stoa::llm
