// SPDX-License-Identifier: Apache-2.0
#include "llm/remote_model.hpp"

#include "base/log.hpp"
#include "llm/answer_receiver.hpp"
#include "llm/prompting.hpp"

#include <random>
#include <thread>
#include <utility>

namespace stoa::llm {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

tl::unexpected<Error> answer_cancelled() {
    return fail(ErrorKind::conflict, "answer_cancelled", "The answer was cancelled.");
}

/// What a transfer came to.
Result<Completion> judge(const Result<http::Inbound>& answer, AnswerReceiver& receiver,
                         const Prompt& prompt, const std::string& model) {
    constexpr std::chrono::seconds wait{5};
    if (!answer && !receiver.is_ended()) {
        const auto& error = answer.error();
        if (error.code == "upstream_stopped") return answer_cancelled();
        if (error.code == "upstream_timeout") {
            return unavailable("model_timeout", "The language model took too long.", wait);
        }
        if (receiver.has_begun()) return receiver.finish(prompt, model);
        return unavailable("model_unavailable", "The language model cannot be reached.",
                           error.retry_after.value_or(wait));
    }
    if (!answer || answer->status / 100 == 2) return receiver.finish(prompt, model);
    return unavailable(
        "model_unavailable",
        "The language model answered with status " + std::to_string(answer->status) + ".",
        answer->retry_after.value_or(wait));
}

/// Long enough for an overload to ease; by chance, so that askers do not come back together.
milliseconds pause_before_next() {
    thread_local std::minstd_rand random(std::random_device{}());
    return milliseconds(std::uniform_int_distribution<int>(200, 800)(random));
}

}  // namespace

RemoteModel::RemoteModel(std::unique_ptr<ChatProtocol> protocol, Options options,
                         http::Client client)
    : options_(std::move(options)), protocol_(std::move(protocol)), client_(std::move(client)) {
    auto& url = options_.endpoint.base_url;
    while (url.ends_with('/')) url.pop_back();
}

std::int64_t RemoteModel::tokens_at_most(const Prompt& prompt) const {
    return estimate_tokens(prompt) + options_.endpoint.answer_tokens_max;
}

Result<Completion> RemoteModel::complete(const Prompt& prompt, const Listener& listener) {
    auto request = protocol_->make_request(options_.endpoint, prompt);
    request.method = http::Method::post;
    request.headers.emplace_back("content-type", "application/json");
    request.headers.emplace_back("accept", "text/event-stream");
    request.stall_timeout = options_.stall_timeout;
    request.allow_private_addresses = true;  // the operator's own setting
    request.repeat = http::Repeat::always;   // asking twice changes nothing over there
    request.tries_max = options_.tries_max;
    request.upstream = "llm";
    request.stop = listener.stop;
    const auto deadline = Clock::now() + options_.total_timeout;
    for (int attempt = 1;; ++attempt) {
        request.total_timeout = std::chrono::ceil<milliseconds>(deadline - Clock::now());
        AnswerReceiver receiver(*protocol_, listener.on_delta);
        const auto answer =
            client_.stream(request, [&](std::string_view bytes) { return receiver.take(bytes); });
        auto completion = judge(answer, receiver, prompt, options_.endpoint.model);
        const auto pause = pause_before_next();
        // A provider may take a question with 200 and only then say that it is overloaded.
        if (listener.stop.stop_requested()) return answer_cancelled();
        if (!completion && receiver.may_ask_again() && attempt < options_.tries_max &&
            Clock::now() + pause < deadline) {
            std::this_thread::sleep_for(pause);
            continue;
        }
        if (!completion && completion.error().kind == ErrorKind::unavailable) {
            log::warning("the language model failed",
                         {{"stoa.provider", std::string(provider())},
                          {"error.code", std::string(completion.error().code)},
                          {"error.message", completion.error().message}});
        }
        return completion;
    }
}

}  // namespace stoa::llm
