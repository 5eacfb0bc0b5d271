// SPDX-License-Identifier: Apache-2.0
// What stoa-extract writes to its standard output, shared by that program and its client. A stream
// of frames: one byte of type, four bytes of payload length, payload; integers are unsigned and
// little-endian, coordinates IEEE floats. For a document: `start`, then every `page` in order,
// where an `image` may come before a page whose text is only in a picture, then `end`; of a CSV
// file also one `table`, its profile, anywhere between. For a question to a table: one `table`. A
// `failure` may come in place of any of them and is the last frame. Constants only; any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace stoa::extraction::wire {

enum class FrameType : std::uint8_t {
    start = 'S',    ///< u8 Format, u32 page_count, u16 length + title
    image = 'I',    ///< u32 width, u32 height, a byte of grey for each pixel, rows from the top
    page = 'P',     ///< u32 number, u8 PageFlags, f32 width, f32 height, u16 length + label, u32
                    ///< length + text, u32 count of headings, each u32 begin, u32 end, u8 level,
                    ///< u32 count of words, each u32 begin, u32 end, f32 x0, y0, x1, y1
    end = 'E',      ///< u32 broken_pages, u32 replaced_characters, u32 rows_left_out
    table = 'T',    ///< JSON: tables::Profile or tables::QueryResult
    failure = 'F',  ///< u8 Failure
};

enum class Failure : std::uint8_t {
    not_a_pdf = 1,
    encrypted = 2,
    damaged = 3,
    too_many_pages = 4,
    too_complex = 5,
    no_sandbox = 6,
    not_readable = 7,  ///< no format that is known
    no_text = 8,
    table_row_too_long = 9,
    table_too_wide = 10,
    table_too_large = 11,
    table_empty = 12,
    plan_invalid = 13,
};
inline constexpr Failure failure_greatest = Failure::plan_invalid;

enum PageFlags : std::uint8_t { page_is_scanned = 1 };

inline constexpr std::size_t header_bytes = 5;
inline constexpr std::size_t word_bytes = 24;
inline constexpr std::size_t title_bytes_max = 1024;
inline constexpr std::size_t label_bytes_max = 64;
/// The words that any page may have.
inline constexpr std::size_t words_max = 200'000;
inline constexpr std::size_t heading_bytes = 9;
/// The headings that any page may have.
inline constexpr std::size_t headings_max = 10'000;
/// The payload of a page without its label, text, headings and words.
inline constexpr std::size_t page_bytes_least = 27;
/// The pixels of an image: A3 at 300 dots per inch has 17.4 million.
inline constexpr std::size_t pixels_max = 40'000'000;
inline constexpr std::size_t table_bytes_max = 16u << 20;

}  // namespace stoa::extraction::wire
