// SPDX-License-Identifier: Apache-2.0
// The little that is asked of language without a model: sentences, the words that carry meaning,
// how much of a question a sentence takes up, headings. Made for English, harmless for others. Pure
// functions; any thread.
#pragma once

#include "llm/quotes.hpp"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace stoa::llm {

/// The sentences of a text in order, without the white space around them: exact ranges. A heading
/// or a list item on a line of its own is one too.
std::vector<Range> split_sentences(std::string_view text);

/// Lower-case words without the common ones, plural and verb endings taken off.
std::set<std::string> terms_of(std::string_view text);

/// The share of `wanted` that is in `given`, 0 to 1.
double coverage(const std::set<std::string>& wanted, const std::set<std::string>& given);

/// The question itself, or with the one before it where it says too little alone ("How long is
/// it?").
std::string standalone_question(const std::vector<Turn>& turns, std::string_view question);

/// Lines that look like headings, as they stand, without their numbers.
std::vector<std::string> find_headings(std::string_view text);

}  // namespace stoa::llm
