// SPDX-License-Identifier: Apache-2.0
#include "llm/answer_receiver.hpp"

#include "base/text.hpp"
#include "llm/declaration.hpp"
#include "llm/prompting.hpp"

#include <chrono>
#include <utility>

namespace stoa::llm {

namespace {

Error model_unavailable(std::string message) {
    return {ErrorKind::unavailable,
            "model_unavailable",
            std::move(message),
            {},
            std::chrono::seconds(5)};
}

}  // namespace

bool AnswerReceiver::take(std::string_view bytes) {
    has_begun_ = true;
    bool goes_on = true;
    auto fed = parser_.feed(bytes, [&](const ServerEvent& event) {
        goes_on = take_event(event);
        return goes_on;
    });
    if (!fed) error_ = model_unavailable(fed.error().message);
    return goes_on && !error_;
}

bool AnswerReceiver::take_event(const ServerEvent& event) {
    auto piece = protocol_.read(event);
    if (!piece) {
        error_ = piece.error();
        return false;
    }
    if (completion_.model.empty()) completion_.model = cut_utf8(piece->model, 100);
    if (piece->prompt_tokens > 0) completion_.usage.prompt_tokens = piece->prompt_tokens;
    if (piece->answer_tokens > 0) completion_.usage.answer_tokens = piece->answer_tokens;
    if (stop_ == Piece::Stop::none) {
        if (!tell(splitter_.feed(piece->text))) return false;
        stop_ = piece->stop;
    }
    const bool is_broken = stop_ == Piece::Stop::overloaded || stop_ == Piece::Stop::failed;
    return !piece->is_last && !is_broken;
}

bool AnswerReceiver::tell(const std::string& text) {
    if (text.empty()) return true;
    if (completion_.answer.size() + text.size() > answer_bytes_max) {
        error_ = model_unavailable("The language model's answer is too long.");
        return false;
    }
    completion_.answer += text;
    if (!on_delta_ || on_delta_(text)) return true;
    error_ = Error{ErrorKind::conflict, "asker_gone", "Nobody waits for this answer any more."};
    return false;
}

Result<Completion> AnswerReceiver::finish(const Prompt& prompt, const std::string& asked_model) {
    if (error_) return tl::unexpected<Error>(*error_);
    const auto failed = [](std::string message) {
        return tl::unexpected<Error>(model_unavailable(std::move(message)));
    };
    switch (stop_) {
        case Piece::Stop::none:
            return failed("The language model's answer was cut off.");
        case Piece::Stop::overloaded:
        case Piece::Stop::failed:
            return failed("The language model broke off with an error.");
        case Piece::Stop::refused:
            return failed("The language model's provider held the answer back.");
        case Piece::Stop::whole:
        case Piece::Stop::cut:
            break;
    }
    if (!tell(splitter_.finish())) return tl::unexpected<Error>(*error_);
    if (completion_.answer.empty()) return failed("The language model gave an empty answer.");
    completion_.is_cut = stop_ == Piece::Stop::cut;
    complete_by(read_declaration(splitter_.block()), splitter_.follow_ups(), prompt.passages,
                completion_);
    if (completion_.model.empty()) completion_.model = asked_model;
    completion_.provider = protocol_.provider();
    auto& usage = completion_.usage;
    if (usage.prompt_tokens == 0) usage.prompt_tokens = estimate_tokens(prompt);
    if (usage.answer_tokens == 0) usage.answer_tokens = estimate_tokens(completion_.answer);
    return std::move(completion_);
}

}  // namespace stoa::llm
