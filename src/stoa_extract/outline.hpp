// SPDX-License-Identifier: AGPL-3.0-or-later
// A PDF's headings: what its outline (ISO 32000-2, 12.3.3) names, found again in the text of the
// page that it points to. Values; one thread.
#pragma once

#include "stoa_extract/frame_writer.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <mupdf/fitz.h>

namespace stoa::extract {

struct OutlineEntry {
    std::string title;
    std::uint8_t level;  ///< 1 to 6
};

/// The entries of each page, by its index from 0, in order; at most 100,000 in all. None if the
/// outline cannot be read. Does not throw.
std::map<int, std::vector<OutlineEntry>> read_outline(fz_context* context, fz_document* document);

/// The entries that stand in the text at the start of a line, perhaps after a number such as "2.1".
std::vector<Heading> find_headings(std::string_view text, const std::vector<OutlineEntry>& entries);

}  // namespace stoa::extract
