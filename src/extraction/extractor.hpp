// SPDX-License-Identifier: Apache-2.0
// Turns a file into pages of text. PDF is parsed by the program stoa-extract, one process for each
// file, in a sandbox without files, network or privileges; this side opens the file, enforces the
// wall clock, and believes nothing the process says before it is checked. Plain text is paged here.
// An Extractor has no state of its own: any number of threads may use one.
#pragma once

#include "base/result.hpp"
#include "extraction/page.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace stoa::extraction {

enum class Kind { pdf, text };

/// What a file is by its content: a PDF has "%PDF-" within its first 1024 bytes; text is UTF-8
/// without NUL, to its last byte. Otherwise `file_empty` (invalid), `not_a_pdf` (unsupported_type)
/// where `claimed_name` ends with ".pdf", else `unsupported_file` (unsupported_type);
/// `file_unreadable` (unavailable) if it cannot be read.
Result<Kind> detect_kind(const std::filesystem::path& file, std::string_view claimed_name = {});

struct Limits {
    int pages_max = 20'000;
    std::size_t page_bytes_max = 4u << 20;        ///< text of one page
    std::size_t output_bytes_max = 512u << 20;    ///< text of all pages
    std::size_t inflated_bytes_max = 128u << 20;  ///< what one page's streams may inflate to
    std::size_t memory_bytes_max = 1u << 30;      ///< address space beside the file itself
    std::chrono::seconds cpu{120};                ///< of the sandboxed process
    std::chrono::seconds wall{300};  ///< waiting for the process; callbacks do not count
};

struct Summary {
    int page_count = 0;
    int broken_pages = 0;  ///< pages that could not be read; they were given out empty
    std::string title;     ///< the document's own; often empty
};

class Extractor {
  public:
    using OnStart = std::function<Result<void>(int page_count)>;
    using OnPage = std::function<Result<void>(Page&&)>;

    /// `program` is the path of stoa-extract.
    Extractor(std::filesystem::path program, Limits limits);

    /// Calls `on_start` once, then `on_page` for each page in order, on the calling thread. An
    /// error that a callback returns ends the extraction and is passed on. Callbacks may have been
    /// called when this fails with: `file_empty`, `pdf_encrypted`, `pdf_damaged`, `no_text`
    /// (invalid); `not_a_pdf`, `unsupported_file` (unsupported_type); `too_many_pages`,
    /// `pdf_too_complex` (too_large); `extraction_timeout` (invalid when the CPU time is used up,
    /// unavailable when the wall clock is); `extraction_crashed` (invalid; unavailable when
    /// something else killed the process); `extraction_unavailable`, `file_unreadable`
    /// (unavailable).
    [[nodiscard]] Result<Summary> extract(const std::filesystem::path& file,
                                          const OnStart& on_start, const OnPage& on_page) const;

  private:
    std::filesystem::path program_;
    Limits limits_;
};

}  // namespace stoa::extraction
