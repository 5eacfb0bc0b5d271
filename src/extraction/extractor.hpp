// SPDX-License-Identifier: Apache-2.0
// Turns a file into pages of text, and a CSV file also into a profile and answers. All of it is
// parsed by the program stoa-extract, one process for each file, in a sandbox without files,
// network or privileges; this side opens the file, enforces the wall clock, and believes nothing
// the process says before it is checked. An Extractor has no state of its own: any number of
// threads may use one.
#pragma once

#include "base/result.hpp"
#include "extraction/format.hpp"
#include "extraction/input_file.hpp"
#include "extraction/page.hpp"
#include "tables/plan.hpp"
#include "tables/profile.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stoa::extraction {

/// What a file is by its content (`sniff`). Otherwise `not_a_pdf` (unsupported_type) where
/// `claimed_name` ends with ".pdf" and the content says otherwise, else `unsupported_file`
/// (unsupported_type); `file_unreadable` (unavailable) if it cannot be read.
Result<Format> detect_format(const InputFile& file, std::string_view claimed_name = {});

/// How scanned pages are read; see ocr.hpp.
struct OcrOptions {
    std::filesystem::path tesseract;  ///< empty: no text recognition
    std::string languages = "eng";    ///< as Tesseract names them, such as "eng+deu"
};

struct Limits {
    int pages_max = 20'000;
    std::size_t page_bytes_max = 4u << 20;        ///< text of one page
    std::size_t output_bytes_max = 512u << 20;    ///< text of all pages
    std::size_t inflated_bytes_max = 128u << 20;  ///< of a PDF's page, or of all of a DOCX
    std::size_t table_pages_max =
        1000;  ///< pages of rows that a CSV file gives; all rows can be asked
    std::size_t memory_bytes_max = 1u << 30;  ///< address space beside the file itself
    std::chrono::seconds cpu{120};            ///< of the sandboxed process
    std::chrono::seconds wall{300};           ///< waiting for the process; callbacks do not count
};

struct Summary {
    Format format = Format::text;
    int page_count = 0;
    int broken_pages = 0;  ///< pages that could not be read; they were given out empty
    int unread_scans = 0;  ///< pages given out with `Page::needs_ocr`
    std::string title;     ///< the document's own; often empty
    std::int64_t replaced_characters = 0;  ///< not readable in the file's encoding; U+FFFD now
    std::int64_t rows_left_out = 0;        ///< of a CSV file, beyond `table_pages_max`
    std::optional<tables::Profile> table;  ///< of a CSV file, over all rows
};

/// What a person should know of a document that was read, a sentence each; often none.
std::vector<std::string> warnings_of(const Summary& summary);

class Extractor {
  public:
    using OnStart = std::function<Result<void>(int page_count)>;
    using OnPage = std::function<Result<void>(Page&&)>;

    /// `program` is the path of stoa-extract.
    Extractor(std::filesystem::path program, Limits limits, OcrOptions ocr = {});

    /// Calls `on_start` once, then `on_page` for each page in order, on the calling thread. An
    /// error that a callback returns ends the extraction and is passed on. Callbacks may have been
    /// called when this fails with: `file_empty`, `pdf_encrypted`, `pdf_damaged`, `file_damaged`,
    /// `no_text`, `table_row_too_long`, `table_too_wide` (invalid); `unsupported_file`
    /// (unsupported_type); `too_many_pages`, `pdf_too_complex`, `file_too_complex`,
    /// `table_too_large` (too_large); `extraction_timeout` (invalid when the CPU time is used up,
    /// unavailable when the wall clock is); `extraction_crashed` (invalid; unavailable when
    /// something else killed the process); `extraction_unavailable`, `file_unreadable`
    /// (unavailable). A document of scanned pages alone is no error.
    [[nodiscard]] Result<Summary> extract(const InputFile& file, const OnStart& on_start,
                                          const OnPage& on_page) const;

    /// The profile of a CSV file, over all rows, which `extract` also gives; its errors.
    [[nodiscard]] Result<tables::Profile> profile(const InputFile& file) const;
    /// Runs a plan over all rows of a CSV file; also `plan_invalid` (invalid).
    [[nodiscard]] Result<tables::QueryResult> query(const InputFile& file,
                                                    const tables::Plan& plan) const;

  private:
    [[nodiscard]] Result<std::string> ask_table(const InputFile& file, const std::string& option,
                                                int request) const;

    std::filesystem::path program_;
    Limits limits_;
    OcrOptions ocr_;
};

}  // namespace stoa::extraction
