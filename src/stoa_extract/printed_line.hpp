// SPDX-License-Identifier: AGPL-3.0-or-later
// How a line of a page's text is set. Values; any thread.
#pragma once

#include <cstdint>

namespace stoa::extract {

/// The bytes [begin, end) of the text that stand on one baseline.
struct PrintedLine {
    std::uint32_t begin = 0, end = 0;
    std::uint32_t characters = 0;  ///< without white space
    float size = 0;                ///< points, the mean of its characters
    float left = 0, right = 0;     ///< points from the page's left edge
    float baseline = 0;            ///< points from the page's top
    float widest_gap = 0;          ///< points between two pieces of it
    bool is_bold = false;          ///< nearly all of it
    bool is_monospaced = false;
    bool is_upright = false;
};

}  // namespace stoa::extract
