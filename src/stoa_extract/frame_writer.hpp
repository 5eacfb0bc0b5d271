// SPDX-License-Identifier: AGPL-3.0-or-later
// Writes the frames of extraction/wire.hpp to standard output. The reader checks all of it again;
// what is bounded here is bounded so that an honest process never sends what would be refused. One
// thread.
#pragma once

#include "extraction/wire.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace stoa::extract {

struct Rect {
    float x0, y0, x1, y1;
};

struct Word {
    std::uint32_t begin, end;
    Rect box;
};

struct Page {
    std::uint32_t number = 0;
    float width = 0;
    float height = 0;
    std::string label;
    std::string text;
    std::vector<Word> words;
};

void write_start(std::uint32_t page_count, std::string_view title);
void write_page(const Page& page);
void write_end(std::uint32_t broken_pages);
/// Needs no memory, so it also works when there is none left.
[[noreturn]] void write_failure_and_exit(extraction::wire::Failure failure);

/// Appends a code point; a surrogate or a value past U+10FFFF becomes U+FFFD.
void append_utf8(std::string& to, int code_point);

}  // namespace stoa::extract
