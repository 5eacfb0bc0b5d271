// SPDX-License-Identifier: AGPL-3.0-or-later
#include "stoa_extract/heading_text.hpp"

#include <algorithm>
#include <iterator>
#include <string>

namespace stoa::extract {
namespace {

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

constexpr std::string_view kinds[] = {"chapter", "part",   "appendix", "section",
                                      "kapitel", "teil",   "anhang",   "chapitre",
                                      "partie",  "annexe", "capítulo", "parte"};
constexpr std::string_view numbers[] = {
    "one",     "two",     "three",     "four",     "five",     "six",      "seven",
    "eight",   "nine",    "ten",       "eleven",   "twelve",   "thirteen", "fourteen",
    "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",   "thirty"};

/// "four", "twentyfour", "twenty-four".
bool is_spelled_number(std::string_view word) {
    const bool has_tens = word.starts_with("twenty") || word.starts_with("thirty");
    if (has_tens && word.size() > 6) word.remove_prefix(word[6] == '-' ? 7 : 6);
    return std::find(std::begin(numbers), std::end(numbers), word) != std::end(numbers);
}

}  // namespace

bool begins_letter(char c) {
    // What begins with 0xCB or 0xE2 is marks, punctuation, and symbols.
    const auto byte = static_cast<unsigned char>(c);
    return is_upper(c) || (c >= 'a' && c <= 'z') || (byte >= 0xC3 && byte != 0xCB && byte != 0xE2);
}

std::size_t count_letters(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_letter));
}

bool begins_as_title(char c) {
    return is_upper(c) || is_digit(c) ||
           (begins_letter(c) && static_cast<unsigned char>(c) >= 0x80);
}

std::size_t number_length(std::string_view text) {
    std::size_t at = 0;
    bool has_digit = false;
    while (at < text.size() && at < 12 &&
           (is_digit(text[at]) || text[at] == '.' || (at == 0 && is_upper(text[at])))) {
        has_digit = has_digit || is_digit(text[at]);
        ++at;
    }
    return has_digit && at < text.size() && text[at] == ' ' ? at + 1 : 0;
}

bool has_leaders(std::string_view text) {
    std::size_t dots = 0;
    std::size_t end = text.size();
    while (end > 0 && is_digit(text[end - 1])) --end;
    for (; end > 0 && (text[end - 1] == '.' || text[end - 1] == ' '); --end) {
        if (text[end - 1] == '.') ++dots;
    }
    return dots >= 2;
}

bool is_label(std::string_view text) {
    std::string lower(text.substr(0, 32));
    for (char& c : lower) {
        if (is_upper(c)) c = static_cast<char>(c - 'A' + 'a');
    }
    std::string_view number = lower;
    const std::string_view first = number.substr(0, number.find(' '));
    const bool has_kind = std::find(std::begin(kinds), std::end(kinds), first) != std::end(kinds);
    if (has_kind && first == number) return true;
    if (has_kind) number.remove_prefix(first.size() + 1);
    if (text.size() > lower.size()) return false;
    return is_spelled_number(number) || (has_kind && number.size() == 1) ||
           text.substr(text.size() - number.size()).find_first_not_of("0123456789IVXLC.:") ==
               std::string_view::npos;
}

}  // namespace stoa::extract
