// SPDX-License-Identifier: AGPL-3.0-or-later
// Writes the frames of extraction/wire.hpp to standard output. The reader checks all of it again;
// what is bounded here is bounded so that an honest process never sends what would be refused. One
// thread.
#pragma once

#include "extraction/format.hpp"
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

struct Heading {
    std::uint32_t begin, end;
    std::uint8_t level;
};

struct Page {
    std::uint32_t number = 0;
    bool is_scanned = false;
    float width = 0;
    float height = 0;
    std::string label;
    std::string text;
    std::vector<Heading> headings;
    std::vector<Word> words;
};

struct End {
    std::uint32_t broken_pages = 0;
    std::uint32_t replaced_characters = 0;
    std::uint32_t rows_left_out = 0;
};

void write_start(extraction::Format format, std::uint32_t page_count, std::string_view title);
void write_page(const Page& page);
/// The picture of the page that is written next: a byte of grey for each pixel.
void write_image(std::uint32_t width, std::uint32_t height, std::string_view grey);
void write_end(const End& end);
void write_table(std::string_view json);
/// Needs no memory, so it also works when there is none left.
[[noreturn]] void write_failure_and_exit(extraction::wire::Failure failure);

}  // namespace stoa::extract
