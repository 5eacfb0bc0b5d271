// SPDX-License-Identifier: Apache-2.0
#include "tables/question_words.hpp"

#include "tables/values.hpp"

#include <algorithm>
#include <array>

namespace stoa::tables {
namespace {

bool is_word_byte(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
}

/// As it is split again.
std::string join(const Words& words) {
    std::string text;
    for (const std::string& word : words) {
        if (!text.empty()) text += ' ';
        text += word;
        if (word.starts_with('"')) text += '"';
    }
    return text;
}

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& words, std::string_view word) {
    return std::ranges::find(words, word) != words.end();
}

/// `"flowers"` is a word with its mark in front.
bool is_same(const std::string& asked, const std::string& named) {
    return asked == named || (asked.starts_with('"') && asked.substr(1) == named);
}

}  // namespace

Words split_words(std::string_view text) {
    const std::string lower = folded(text);
    Words words;
    for (std::size_t i = 0; i < lower.size() && words.size() < words_max;) {
        const char c = lower[i];
        std::size_t end = i + 1;
        if (c == '"') {
            end = std::min(lower.find('"', i + 1), lower.size());
            words.push_back(lower.substr(i, end - i));
            ++end;
        } else if (c == '<' || c == '>' || c == '=' || c == '!') {
            while (end < lower.size() && lower[end] == '=') ++end;
            words.push_back(lower.substr(i, end - i));
        } else if (is_word_byte(c) || (c == '-' && end < lower.size() && is_word_byte(lower[end]) &&
                                       (words.empty() || lower[i - 1] == ' '))) {
            const auto goes_on = [&](std::size_t at) {
                const bool inner = (lower[at] == '.' || lower[at] == '\'') &&
                                   at + 1 < lower.size() && is_word_byte(lower[at + 1]);
                return is_word_byte(lower[at]) || inner;
            };
            while (end < lower.size() && goes_on(end)) ++end;
            words.push_back(lower.substr(i, end - i));
        }
        i = end;
    }
    return words;
}

NamedQuestion take_name(std::string_view question, std::string_view name) {
    constexpr std::array<std::string_view, 6> before = {"in", "of", "from", "for", "within", "the"};
    constexpr std::array<std::string_view, 8> kinds = {
        "table", "file", "csv", "data", "dataset", "sheet", "spreadsheet", "document"};
    Words words = split_words(question);
    const Words named = split_words(name);
    if (named.empty() || name.size() < 3) return {std::string(question), 0};
    const auto found = std::search(words.begin(), words.end(), named.begin(), named.end(), is_same);
    if (found == words.end()) return {std::string(question), 0};
    auto begin = found;
    auto end = found + static_cast<std::ptrdiff_t>(named.size());
    while (begin != words.begin() &&
           (is_one_of(before, *(begin - 1)) || is_one_of(kinds, *(begin - 1)))) {
        --begin;
    }
    while (end != words.end() && is_one_of(kinds, *end)) ++end;
    words.erase(begin, end);
    return {join(words), named.size()};
}

}  // namespace stoa::tables
