// SPDX-License-Identifier: AGPL-3.0-or-later
// Reads one PDF with MuPDF and writes its pages out as they come. MuPDF reports errors by longjmp:
// a block under fz_try holds nothing that needs a destructor. One thread; runs inside the sandbox.
#pragma once

#include <cstddef>
#include <string>

namespace stoa::extract {

struct DocumentLimits {
    int pages_max = 20'000;
    std::size_t page_bytes_max = 4u << 20;
    std::size_t output_bytes_max = 512u << 20;
    std::size_t inflated_bytes_max = 128u << 20;  ///< of all parts of a DOCX together
    std::size_t table_pages_max = 1000;           ///< of rows
    int scan_resolution = 0;  ///< dots per inch of the pictures of scanned pages; 0: none
};

/// Writes the whole reply: start, pages, end, or a failure. Does not return after a failure.
void extract_pdf(const unsigned char* bytes, std::size_t size, const DocumentLimits& limits);

/// UTF-8 that comes from a file, as a line: well-formed, white space collapsed, without NUL, and at
/// most 1024 bytes.
std::string readable_text(const char* text);

}  // namespace stoa::extract
