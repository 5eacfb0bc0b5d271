// SPDX-License-Identifier: Apache-2.0
// Cuts pages into the passages that are embedded, found and quoted. The algorithm is that of
// LangChain's RecursiveCharacterTextSplitter with keep_separator="end", so passages begin at
// paragraphs, lines, sentences or words, whichever is the largest unit that fits. A chunk lies
// within one page and is an exact range of its text. Pure functions; any thread.
#pragma once

#include "extraction/page.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace stoa::extraction {

struct ChunkOptions {
    std::size_t size = 1000;    ///< code points, at most
    std::size_t overlap = 150;  ///< code points that two neighbours may share; below `size`
};

struct Chunk {
    int ordinal;  ///< from `first_ordinal`, in reading order
    int page;     ///< Page::number
    std::uint32_t begin,
        end;  ///< bytes of Page::text: the chunk is text.substr(begin, end - begin)
    bool operator==(const Chunk&) const = default;
};

/// The chunks of a page; none are empty or begin or end with white space. None for a blank page.
std::vector<Chunk> split_page(const Page& page, const ChunkOptions& options, int first_ordinal);

}  // namespace stoa::extraction
