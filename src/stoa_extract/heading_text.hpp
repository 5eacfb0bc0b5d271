// SPDX-License-Identifier: AGPL-3.0-or-later
// What the words of a line say for or against its being a heading. Pure functions; any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace stoa::extract {

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
/// Whether a character of a letter, or of its syllable or word, begins with this byte.
bool begins_letter(char c);
/// A capital, a digit, or a letter of a script that may have no capitals.
bool begins_as_title(char c);
std::size_t count_letters(std::string_view text);
/// Behind "2 ", "2.1 ", "A.3. " at the start, or 0.
std::size_t number_length(std::string_view text);
/// "Rivers . . . . . 12", "Rivers ..... 12": an entry of a table of contents.
bool has_leaders(std::string_view text);
/// "Chapter 3", "Part IV", "THREE", "3": what stands over a title and says no more than its number.
bool is_label(std::string_view text);

}  // namespace stoa::extract
