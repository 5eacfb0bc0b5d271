// SPDX-License-Identifier: Apache-2.0
// Cuts flowing text into pages of a size that can be cited: at a form feed, else at the last
// paragraph, line or word that fits into `flow_page_bytes_max`. Pure functions; any thread.
#pragma once

#include "markup/flow_text.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace stoa::markup {

inline constexpr std::size_t flow_page_bytes_max = 4000;

/// The page is the bytes [begin, end) of the text, without white space at its ends.
struct FlowPage {
    std::size_t begin, end;
};

/// The pages in order; those of white space alone are left out.
std::vector<FlowPage> cut_pages(std::string_view text);

/// Plain text: line ends become "\n".
FlowText read_text(std::string_view bytes);

/// The headings within a page, their offsets counted from its start.
std::vector<FlowHeading> headings_of(const FlowText& flow, const FlowPage& page);

}  // namespace stoa::markup
