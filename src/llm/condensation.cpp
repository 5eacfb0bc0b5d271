// SPDX-License-Identifier: Apache-2.0
#include "llm/condensation.hpp"

#include "base/text.hpp"
#include "llm/text_analysis.hpp"

#include <algorithm>

namespace stoa::llm {

namespace {

constexpr std::size_t question_bytes_max = 160;
constexpr std::size_t answer_bytes_max = 120;
constexpr std::string_view left_out = "(Some exchanges are left out here.)";

/// White space as single blanks, cut with a sign that it was.
std::string shorten(std::string_view text, std::size_t bytes_max) {
    std::string line;
    for (const char c : text) {
        const bool is_space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
        if (!is_space)
            line.push_back(c);
        else if (!line.empty() && line.back() != ' ')
            line.push_back(' ');
    }
    if (line.size() <= bytes_max) return line;
    return std::string(cut_utf8(line, bytes_max)) + "\u2026";
}

/// The first sentence that tells something; else the beginning.
std::string_view first_statement(std::string_view answer) {
    for (const auto& range : split_sentences(answer)) {
        const auto sentence = answer.substr(range.begin, range.end - range.begin);
        if (!sentence.ends_with(':') && !sentence.ends_with('?')) return sentence;
    }
    return answer;
}

std::vector<std::string> split_lines(std::string_view text) {
    std::vector<std::string> lines;
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = std::min(text.find('\n', begin), text.size());
        if (end > begin) lines.emplace_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return lines;
}

std::size_t size_of(const std::vector<std::string>& lines) {
    std::size_t bytes = 0;
    for (const auto& line : lines) bytes += line.size() + 1;
    return bytes;
}

}  // namespace

std::string condense(std::string_view summary, const std::vector<Turn>& turns,
                     std::size_t bytes_max) {
    auto lines = split_lines(summary);
    for (const auto& turn : turns) {
        if (turn.role == Turn::Role::user) {
            lines.push_back("- Asked: " + shorten(turn.text, question_bytes_max));
        } else if (!lines.empty()) {
            lines.back() += " Answered: " + shorten(first_statement(turn.text), answer_bytes_max);
        } else {
            lines.push_back("- Said: " + shorten(first_statement(turn.text), answer_bytes_max));
        }
    }
    if (size_of(lines) > bytes_max) {
        // The first says what it is about, the last what it came to.
        if (lines.size() > 1 && lines[1] != left_out) lines.emplace(lines.begin() + 1, left_out);
        while (lines.size() > 2 && size_of(lines) > bytes_max) lines.erase(lines.begin() + 2);
    }
    std::string text;
    for (const auto& line : lines) text += (text.empty() ? "" : "\n") + line;
    return std::string(cut_utf8(text, bytes_max));
}

}  // namespace stoa::llm
