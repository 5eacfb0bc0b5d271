// SPDX-License-Identifier: Apache-2.0
#include "documents/text_query.hpp"

#include <algorithm>
#include <cstddef>

namespace stoa::documents {
namespace {

constexpr std::size_t none = std::string_view::npos;

/// The end of the lexeme in quotes that begins at `from`; keyed ones have no quotes inside.
std::size_t end_of_quoted(std::string_view text, std::size_t from) {
    const auto end = text.find('\'', from + 1);
    return end == none ? text.size() : end + 1;
}

/// Where the lexeme begins that follows the one ending at `end` in a phrase ('a' <-> 'b'), or none.
std::size_t next_of_phrase(std::string_view text, std::size_t end) {
    if (!text.substr(end).starts_with(" <")) return none;
    const auto next = text.find("> '", end);
    const auto closing = text.find('>', end);
    return next != none && next == closing ? next + 2 : none;
}

/// What has parts in brackets inside a phrase is left whole: one chunk has to meet all of it.
TextQuery whole(std::string_view tsquery) { return {{}, {std::string(tsquery)}, "'p1'"}; }

}  // namespace

TextQuery take_apart(std::string_view keyed_tsquery) {
    TextQuery query;
    for (std::size_t at = 0; at < keyed_tsquery.size();) {
        if (keyed_tsquery[at] == '<') return whole(keyed_tsquery);
        if (keyed_tsquery[at] != '\'') {
            query.condition.push_back(keyed_tsquery[at++]);
            continue;
        }
        const auto first_end = end_of_quoted(keyed_tsquery, at);
        auto end = first_end;
        for (auto next = next_of_phrase(keyed_tsquery, end); next != none;
             next = next_of_phrase(keyed_tsquery, end)) {
            end = end_of_quoted(keyed_tsquery, next);
        }
        const auto part = keyed_tsquery.substr(at, end - at);
        at = end;
        if (end != first_end) {
            query.phrases.emplace_back(part);
            query.condition += "'p" + std::to_string(query.phrases.size()) + "'";
            continue;
        }
        std::string word(part.substr(1, part.size() < 2 ? 0 : part.size() - 2));
        query.condition += part;
        if (std::ranges::find(query.words, word) == query.words.end()) {
            query.words.push_back(std::move(word));
        }
    }
    return query;
}

}  // namespace stoa::documents
