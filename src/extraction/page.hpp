// SPDX-License-Identifier: Apache-2.0
// A page as the rest of Stoa sees it: its text, and where on the page each word of it stands, so
// that a quote can be shown on the page it comes from. The boxes of a page are kept in PostgreSQL
// as the compact JSON that is written and read here. Values and pure functions; any thread.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace stoa::extraction {

/// A rectangle in PDF points; the origin is the top left corner of the page as it is shown.
struct Box {
    float x0, y0, x1, y1;
    bool operator==(const Box&) const = default;
};

/// A word, or the part of a word on one line: the bytes [begin, end) of `Page::text`, never empty.
struct Word {
    std::uint32_t begin, end;
    Box box;
    bool operator==(const Word&) const = default;
};

/// A heading: the bytes [begin, end) of `Page::text`, never empty.
struct Heading {
    std::uint32_t begin, end;
    int level;  ///< 1 (the widest) to 6
    bool operator==(const Heading&) const = default;
};

struct Page {
    int number = 0;           ///< from 1
    std::string label;        ///< as printed, e.g. "iv"; empty where the document names none
    float width = 0;          ///< points; 0 for what has no pages of its own
    float height = 0;         ///< points; 0 for what has no pages of its own
    std::string text;         ///< UTF-8 without NUL; lines end with "\n", paragraphs with "\n\n"
    std::vector<Word> words;  ///< in the order of the text, disjoint; none without width
    std::vector<Heading> headings;  ///< in the order of the text, disjoint
    bool needs_ocr = false;  ///< a picture covers the page, and what it says could not be read
};

/// The boxes of the bytes [begin, end) of the page's text: one for each line that they touch, in
/// reading order. Words that are touched in part count whole.
std::vector<Box> boxes_of(const Page& page, std::size_t begin, std::size_t end);
std::vector<Box> boxes_of(const std::vector<Word>& words, std::size_t begin, std::size_t end);

/// To hundredths of a point, as coordinates are kept and told.
double round_coordinate(float value);

/// `[[begin,end,x0,y0,x1,y1],…]`, coordinates in hundredths of a point at best.
std::string words_to_json(const std::vector<Word>& words);
/// What words_to_json wrote. `malformed_words` (internal) for anything else.
Result<std::vector<Word>> words_from_json(std::string_view json);

}  // namespace stoa::extraction
