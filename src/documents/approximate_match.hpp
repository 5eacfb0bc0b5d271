// SPDX-License-Identifier: Apache-2.0
// Private to this module: approximate string matching by Levenshtein distance over code points.
// Pure functions; any thread.
#pragma once

#include "base/folded_text.hpp"

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace stoa::documents {

struct ApproximateMatch {
    TextRange range;  ///< code points of the text
    std::size_t errors = 0;
};

/// The part of `text` that is nearest to `pattern`, if it has at most `errors_max` errors. Myers
/// 1999 in blocks of 64, as Hypothesis' anchoring does it: |text| · ⌈|pattern| / 64⌉ steps.
std::optional<ApproximateMatch> find_approximate(std::u32string_view text,
                                                 std::u32string_view pattern,
                                                 std::size_t errors_max);

/// 1 for the same, 0 for nothing alike: 1 - distance / the longer length. |a| · |b| steps.
double similarity_of(std::u32string_view a, std::u32string_view b);

/// Where in `text` most of what `pattern` is made of stands together: places at which a copy of the
/// pattern may begin, good to about `slack` bytes, the likeliest first, at most `count_max`. By
/// counting shared 8-byte pieces on each diagonal: |text| steps, whatever the pattern.
struct LikelyPlaces {
    std::vector<std::ptrdiff_t> begins;
    std::size_t slack = 0;
};
LikelyPlaces find_likely_places(std::string_view text, std::string_view pattern,
                                std::size_t count_max);

}  // namespace stoa::documents
