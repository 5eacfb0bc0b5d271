// SPDX-License-Identifier: Apache-2.0
// What a language model declares beside its answer, in the block that it is asked to put behind it:
// whether the documents answer the question, which words it quotes from which passage, what might
// be asked next. Read strictly and bounded; nothing in it is believed before it is checked. Pure
// functions; any thread.
#pragma once

#include "base/json.hpp"
#include "llm/chat_model.hpp"

#include <optional>
#include <string_view>

namespace stoa::llm {

struct DeclaredQuote {
    Int<1, 1000> passage;  ///< its number, from 1
    Text<1, 2000> text;
};
BOOST_DESCRIBE_STRUCT(DeclaredQuote, (), (passage, text))

struct Declaration {
    bool in_documents = true;
    json::List<DeclaredQuote, 24> quotes;
    json::List<Text<1, 300>, 8> follow_up_questions;
};
BOOST_DESCRIBE_STRUCT(Declaration, (), (in_documents, quotes, follow_up_questions))

/// Nothing unless the whole block is one object of this form.
std::optional<Declaration> read_declaration(std::string_view block);

/// Gives an answer whose text is whole what it rests on: the quotes of its text and of the
/// declaration that stand in their passages, the follow-up questions (those of `listed` where there
/// is no declaration), and whether it says that the documents do not answer.
void complete_by(const std::optional<Declaration>& declaration, std::vector<std::string> listed,
                 const std::vector<Passage>& passages, Completion& completion);

}  // namespace stoa::llm
