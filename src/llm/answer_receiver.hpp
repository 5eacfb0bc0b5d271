// SPDX-License-Identifier: Apache-2.0
// Private to RemoteModel: one streamed answer of a language model. Bytes go in, deltas go on, and
// at the end there is a completion or the reason why not. Bounded. One thread.
#pragma once

#include "llm/answer_splitter.hpp"
#include "llm/chat_protocol.hpp"
#include "llm/sse_parser.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace stoa::llm {

class AnswerReceiver {
  public:
    static constexpr std::size_t answer_bytes_max = 64 * 1024;

    AnswerReceiver(const ChatProtocol& protocol, const OnDelta& on_delta)
        : protocol_(protocol), on_delta_(on_delta) {}

    /// False: stop the transfer.
    bool take(std::string_view bytes);
    /// Once the transfer is over, however it ended. `model_unavailable`, `asker_gone`.
    Result<Completion> finish(const Prompt& prompt, const std::string& asked_model);

    /// The model came to an end of its own: whatever happened to the connection since.
    [[nodiscard]] bool is_ended() const { return stop_ != Piece::Stop::none; }
    [[nodiscard]] bool has_begun() const { return has_begun_; }
    /// It broke off before a word was told, for a reason that may pass.
    [[nodiscard]] bool may_ask_again() const {
        return stop_ == Piece::Stop::overloaded && completion_.answer.empty();
    }

  private:
    bool take_event(const ServerEvent& event);
    bool tell(const std::string& text);

    const ChatProtocol& protocol_;
    const OnDelta& on_delta_;
    SseParser parser_;
    AnswerSplitter splitter_;
    Completion completion_;
    std::optional<Error> error_;
    Piece::Stop stop_ = Piece::Stop::none;
    bool has_begun_ = false;
};

}  // namespace stoa::llm
