// SPDX-License-Identifier: Apache-2.0
// A question to a table as words, and the table's name among them. Pure functions; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace stoa::tables {

using Words = std::vector<std::string>;

/// More of a question is not looked at.
inline constexpr std::size_t words_max = 200;

/// Words in lower case; numbers with their point and sign, comparison signs, and what stands in
/// quotation marks (with a leading '"') are words of their own.
Words split_words(std::string_view text);

/// A question and the name of the table that it is put to.
struct NamedQuestion {
    std::string question;        ///< without the name, and without "in", "of", "table" beside it
    std::size_t name_words = 0;  ///< 0: the question does not name the table
};

/// The question as it is to be put to the table called `name` (a title, or the name of a file).
NamedQuestion take_name(std::string_view question, std::string_view name);

}  // namespace stoa::tables
