// SPDX-License-Identifier: Apache-2.0
// Reads the picture of a scanned page with Tesseract, one process for each page. stoa-extract
// starts it, under limits of memory, time and output and a filter that allows no network, no other
// process and no tracing; what it writes is read as hostile bytes. Values and functions; any
// thread.
#pragma once

#include "base/result.hpp"
#include "extraction/extractor.hpp"
#include "extraction/page.hpp"
#include "extraction/reply.hpp"

#include <filesystem>
#include <string_view>

namespace stoa::extraction {

/// Tesseract where the system has it, else an empty path.
std::filesystem::path find_tesseract();

/// Dots per inch that Tesseract is made for.
inline constexpr int ocr_resolution = 300;

/// Puts the words of the picture, with their boxes, into its page. False if there are none, or
/// Tesseract fails or takes too long; the page then stays as it is.
bool read_scanned_page(const std::filesystem::path& extract_program, const OcrOptions& options,
                       const ReplyImage& image, Page& page);

/// The words in Tesseract's TSV for a picture of `width` × `height` pixels, as text of the page:
/// words of a line with a space between, lines with "\n", paragraphs with "\n\n". Lines that are
/// not as they should be are left out. False if no word is found.
bool take_recognised_words(std::string_view tsv, std::uint32_t width, std::uint32_t height,
                           Page& page);

}  // namespace stoa::extraction
