// SPDX-License-Identifier: Apache-2.0
// What stoa-extract writes to its standard output, shared by that program and its client. A stream
// of frames: one byte of type, four bytes of payload length, payload; integers are unsigned and
// little-endian, coordinates IEEE floats. `start`, then every `page` in order, then `end`; a
// `failure` may come in place of any of them and is the last frame. Constants only; any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace stoa::extraction::wire {

enum class FrameType : std::uint8_t {
    start = 'S',    ///< u32 page_count, u16 length + title
    page = 'P',     ///< u32 number, f32 width, f32 height, u16 length + label, u32 length + text,
                    ///< u32 count of words, each u32 begin, u32 end, f32 x0, y0, x1, y1
    end = 'E',      ///< u32 broken_pages
    failure = 'F',  ///< u8 Failure
};

enum class Failure : std::uint8_t {
    not_a_pdf = 1,
    encrypted = 2,
    damaged = 3,
    too_many_pages = 4,
    too_complex = 5,
    no_sandbox = 6,
};

inline constexpr std::size_t header_bytes = 5;
inline constexpr std::size_t word_bytes = 24;
inline constexpr std::size_t title_bytes_max = 1024;
inline constexpr std::size_t label_bytes_max = 64;
/// The words that any page may have.
inline constexpr std::size_t words_max = 200'000;
/// The payload of a page without its label, text and words.
inline constexpr std::size_t page_bytes_least = 22;

}  // namespace stoa::extraction::wire
