// SPDX-License-Identifier: Apache-2.0
// Cuts plain text into pages of a size that can be cited: at a form feed, else at the last
// paragraph, line or word that fits into `text_page_bytes_max`. Line ends become "\n" and a byte
// order mark is dropped. The file is read in pieces, so memory stays flat. One thread.
#pragma once

#include "base/result.hpp"
#include "extraction/input_file.hpp"
#include "extraction/page.hpp"

#include <cstddef>
#include <functional>

namespace stoa::extraction {

inline constexpr std::size_t text_page_bytes_max = 4000;

/// Gives the pages of a text file in order; an error of `on_page` is passed on. `unsupported_file`
/// (unsupported_type) if it is not UTF-8 or holds a NUL, `file_unreadable` (unavailable).
Result<void> for_each_text_page(const InputFile& file,
                                const std::function<Result<void>(Page&&)>& on_page);
/// The number of pages, once all of the file was found to be text; the same errors.
Result<int> count_text_pages(const InputFile& file);

}  // namespace stoa::extraction
