// SPDX-License-Identifier: Apache-2.0
#include "llm/text_analysis.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace stoa::llm {

namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_letter(char c) {
    return is_upper(c) || (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80;
}

constexpr std::array<std::string_view, 24> abbreviations{
    "al",  "approx", "cf",  "ch", "dr", "e.g", "eq", "eqs", "etc",  "fig", "figs", "i.e",
    "inc", "mr",     "mrs", "ms", "no", "nos", "pp", "p",   "prof", "sec", "st",   "vs"};

constexpr std::array<std::string_view, 104> common_words{
    "a",      "about",  "after",   "all",   "also",    "am",   "an",     "and",    "any",
    "are",    "as",     "at",      "be",    "because", "been", "before", "being",  "between",
    "both",   "but",    "by",      "can",   "could",   "did",  "do",     "does",   "doing",
    "during", "each",   "explain", "few",   "for",     "from", "give",   "had",    "has",
    "have",   "he",     "her",     "here",  "him",     "his",  "how",    "i",      "if",
    "in",     "into",   "is",      "it",    "its",     "just", "like",   "many",   "me",
    "more",   "most",   "much",    "my",    "no",      "nor",  "not",    "of",     "on",
    "once",   "only",   "or",      "other", "our",     "out",  "over",   "please", "say",
    "she",    "should", "so",      "some",  "such",    "tell", "than",   "that",   "the",
    "their",  "them",   "then",    "there", "these",   "they", "this",   "those",  "to",
    "too",    "under",  "us",      "very",  "was",     "we",   "were",   "what",   "when",
    "where",  "which",  "who",     "why",   "with"};

/// Is the stop at `at` the end of an abbreviation, an initial or a number such as "3."?
bool is_abbreviation(std::string_view text, std::size_t at) {
    std::size_t begin = at;
    while (begin > 0 && (is_letter(text[begin - 1]) || text[begin - 1] == '.')) --begin;
    std::string word(text.substr(begin, at - begin));
    std::transform(word.begin(), word.end(), word.begin(),
                   [](char c) { return is_upper(c) ? static_cast<char>(c + 32) : c; });
    if (word.empty()) {  // "1. First": a number at the beginning of a line is an item's
        std::size_t digits = at;
        while (digits > 0 && is_digit(text[digits - 1])) --digits;
        return digits < at && (digits == 0 || text[digits - 1] == '\n');
    }
    return (word.size() == 1 && is_upper(text[begin])) ||
           std::find(abbreviations.begin(), abbreviations.end(), word) != abbreviations.end();
}

std::size_t longest_line(std::string_view text) {
    std::size_t longest = 0;
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = std::min(text.find('\n', begin), text.size());
        longest = std::max(longest, end - begin);
        begin = end + 1;
    }
    return longest;
}

/// Does a sentence end at the white space that begins at `at`?
bool ends_at(std::string_view text, std::size_t at, std::size_t line_begin, std::size_t longest) {
    std::size_t next = at;
    std::size_t breaks = 0;
    for (; next < text.size() && is_space(text[next]); ++next) {
        if (text[next] == '\n') ++breaks;
    }
    if (next == text.size() || breaks > 1) return true;
    const char begins = text[next];
    const bool may_begin =
        !(begins >= 'a' && begins <= 'z') && begins != ',' && begins != ';' && begins != ')';
    if (!may_begin) return false;
    std::size_t stop = at;
    while (stop > 0 && (text[stop - 1] == '"' || text[stop - 1] == '\'' || text[stop - 1] == ')' ||
                        text[stop - 1] == ']')) {
        --stop;
    }
    if (stop > 0 && (text[stop - 1] == '!' || text[stop - 1] == '?')) return true;
    if (stop > 0 && text[stop - 1] == '.') return !is_abbreviation(text, stop - 1);
    // A line that ends early, before one that begins anew: a heading or a list item.
    return breaks == 1 && (at - line_begin) * 10 < longest * 7;
}

std::string stem(std::string word) {
    const auto drop = [&](std::string_view ending, std::size_t left_min) {
        if (!word.ends_with(ending) || word.size() < ending.size() + left_min) return false;
        word.resize(word.size() - ending.size());
        return true;
    };
    if (drop("ies", 2)) return word + "y";
    if (drop("ing", 4) || drop("ed", 3)) {
        if (word.size() > 3 && word[word.size() - 1] == word[word.size() - 2]) word.pop_back();
    } else if (!word.ends_with("ss") && !word.ends_with("us") && !word.ends_with("is")) {
        drop("s", 3);
    }
    drop("e", 3);
    return word;
}

}  // namespace

std::vector<Range> split_sentences(std::string_view text) {
    constexpr std::size_t sentence_bytes_max = 1'200;  // a table without any stop
    std::vector<Range> sentences;
    const auto longest = longest_line(text);
    std::size_t begin = 0;
    std::size_t line_begin = 0;
    while (begin < text.size() && is_space(text[begin])) ++begin;
    line_begin = begin;
    for (std::size_t at = begin; at <= text.size() && begin < text.size(); ++at) {
        if (at < text.size() && !is_space(text[at])) continue;
        const bool is_long = at - begin >= sentence_bytes_max;
        if (at == text.size() || is_long || ends_at(text, at, line_begin, longest)) {
            sentences.push_back({begin, at});
            while (at < text.size() && is_space(text[at])) ++at;
            begin = at;
            if (at > 0 && at < text.size() && text[at - 1] == '\n') line_begin = at;
        } else if (text[at] == '\n') {
            line_begin = at + 1;
        }
    }
    return sentences;
}

std::set<std::string> terms_of(std::string_view text) {
    std::set<std::string> terms;
    std::string word;
    const auto take = [&] {
        const bool is_common =
            std::binary_search(common_words.begin(), common_words.end(), std::string_view(word));
        if (!word.empty() && !is_common) terms.insert(stem(word));
        word.clear();
    };
    for (const char c : text) {
        if (is_letter(c) || is_digit(c))
            word.push_back(is_upper(c) ? static_cast<char>(c + 32) : c);
        else
            take();
    }
    take();
    return terms;
}

double coverage(const std::set<std::string>& wanted, const std::set<std::string>& given) {
    if (wanted.empty()) return 0;
    const auto shared = std::count_if(wanted.begin(), wanted.end(), [&](const std::string& term) {
        return given.contains(term);
    });
    return static_cast<double>(shared) / static_cast<double>(wanted.size());
}

std::string standalone_question(const std::vector<Turn>& turns, std::string_view question) {
    constexpr std::size_t terms_min = 3;
    if (terms_of(question).size() >= terms_min) return std::string(question);
    const auto before = std::find_if(turns.rbegin(), turns.rend(), [](const Turn& turn) {
        return turn.role == Turn::Role::user;
    });
    if (before == turns.rend()) return std::string(question);
    return before->text + " " + std::string(question);
}

std::vector<std::string> find_headings(std::string_view text) {
    std::vector<std::string> headings;
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = std::min(text.find('\n', begin), text.size());
        auto line = text.substr(begin, end - begin);
        begin = end + 1;
        while (!line.empty() && (is_digit(line[0]) || line[0] == '.' || is_space(line[0]))) {
            line.remove_prefix(1);
        }
        while (!line.empty() && is_space(line.back())) line.remove_suffix(1);
        const bool has_shape = line.size() >= 4 && line.size() <= 60 && is_upper(line[0]) &&
                               (is_letter(line.back()) || line.back() == ')') &&
                               line.find_first_of(",;:!?|=") == std::string_view::npos;
        const auto words = 1 + std::count(line.begin(), line.end(), ' ');
        const auto letters = std::count_if(line.begin(), line.end(), is_letter);
        if (!has_shape || words > 8 ||
            letters * 10 < static_cast<std::ptrdiff_t>(line.size()) * 7) {
            continue;
        }
        const bool is_running = line.starts_with("Chapter") || line.starts_with("CHAPTER");
        if (!is_running && !terms_of(line).empty()) headings.emplace_back(line);
    }
    return headings;
}

}  // namespace stoa::llm
