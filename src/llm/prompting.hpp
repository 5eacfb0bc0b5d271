// SPDX-License-Identifier: Apache-2.0
// How a prompt is put to a language model: what it is told to do, how passages are numbered, how it
// shall quote. The same for every provider. Pure functions; any thread.
#pragma once

#include "llm/chat_model.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

namespace stoa::llm {

/// One message of a chat, in the form that OpenAI's protocol and its relatives share.
struct Message {
    std::string role;  ///< "system", "user", "assistant"
    std::string content;
};
BOOST_DESCRIBE_STRUCT(Message, (), (role, content))

/// System text, the turns, then the passages with the question, behind the summary of what was said
/// before the turns. Of `Style::summary`: the summary so far with the turns.
std::vector<Message> make_messages(const Prompt& prompt);
/// What of a turn is sent: its beginning, if it is long.
std::string shown_of(const Turn& turn);

/// About how many tokens a text or a prompt is: three bytes each, which is more than most models
/// make of most languages.
std::int64_t estimate_tokens(std::string_view text);
std::int64_t estimate_tokens(const Prompt& prompt);

}  // namespace stoa::llm
