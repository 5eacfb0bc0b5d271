// SPDX-License-Identifier: Apache-2.0
// How a CSV file is written: delimiter, quote, and whether its first row names the columns, guessed
// from a sample of its start. Pure functions; any thread.
#pragma once

#include <string_view>

namespace stoa::tables {

struct CsvDialect {
    char delimiter = ',';  ///< ',', ';', tab or '|', or what the file declares
    char quote = '"';      ///< '"' or '\''; doubled within a quoted field
    bool has_header = true;
    bool has_declaration = false;  ///< the first line is Excel's "sep=;", and no row
    bool operator==(const CsvDialect&) const = default;
};

/// The dialect under which most rows of `sample` (UTF-8; its last line may be cut) have the same
/// number of fields, and then the greatest number. Whether the first row is a header is put to the
/// vote of the columns: text over numbers speaks for it, a value that comes again below against it.
/// A delimiter that the first line declares ("sep=;", "sep=\t") is not guessed.
CsvDialect sniff_dialect(std::string_view sample);

/// Whether `sample` is rows of two fields or more under some dialect, and not prose with commas.
/// What declares its delimiter is a table whatever follows.
bool looks_like_csv(std::string_view sample);

}  // namespace stoa::tables
