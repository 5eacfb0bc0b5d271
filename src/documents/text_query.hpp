// SPDX-License-Identifier: Apache-2.0
// What the text of a whole document is asked for: words and phrases, each looked for on its own,
// and how they have to come together. A document has all words of a question though no single chunk
// has. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stoa::documents {

struct TextQuery {
    std::vector<std::string> words;    ///< keyed lexemes
    std::vector<std::string> phrases;  ///< tsqueries that one chunk has to meet
    std::string condition;  ///< a tsquery of words and of p1, p2, … for the phrases; may be empty
};

/// Takes apart what `KeyedLexemes::of_query` gives.
TextQuery take_apart(std::string_view keyed_tsquery);

}  // namespace stoa::documents
