// SPDX-License-Identifier: AGPL-3.0-or-later
// The numbers printed on the pages ("iv", "A-3") as the document's /PageLabels tree gives them
// (ISO 32000-2, 12.4.2). Values; one thread.
#pragma once

#include <string>
#include <vector>

#include <mupdf/pdf.h>

namespace stoa::extract {

/// From page `first_index` (from 0) on, pages are numbered from `start` in this style.
struct LabelRange {
    int first_index = 0;
    char style = 0;  ///< 'D', 'R', 'r', 'A', 'a', or 0 for the prefix alone
    int start = 1;
    std::string prefix;
};

/// The ranges of a document in order; none if it has no labels or they cannot be read. Does not
/// throw.
std::vector<LabelRange> read_label_ranges(fz_context* context, pdf_document* document);
/// The label of a page, or an empty string.
std::string page_label(const std::vector<LabelRange>& ranges, int index);

}  // namespace stoa::extract
