// SPDX-License-Identifier: AGPL-3.0-or-later
// The lines of a page in the order in which they are read. A page is read as it is drawn, which is
// what its maker meant, except where columns of running text are drawn line by line across the
// gutter between them: there each column is read to its end first. Tables, whose rows are drawn in
// the same way, keep their rows. Values; one thread.
#pragma once

#include <vector>

#include <mupdf/fitz.h>

namespace stoa::extract {

struct ReadLine {
    const fz_stext_line* line;
    bool begins_paragraph;
};

/// All lines of the page's text, each once. Does not call back into MuPDF.
std::vector<ReadLine> lines_as_read(const fz_stext_page& page);

}  // namespace stoa::extract
