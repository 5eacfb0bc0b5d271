// SPDX-License-Identifier: Apache-2.0
// A table as CSV for others to open (RFC 4180). Spreadsheets run what looks like a formula, and the
// cells may be a stranger's: such a cell gets an apostrophe in front, as OWASP advises, unless it
// is a number. Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stoa::tables {

/// A cell, in quotes where it has to be.
std::string csv_field(std::string_view cell);
/// The header and the rows; each ends with CRLF, what is missing is empty.
std::string write_csv(const std::vector<std::string>& columns,
                      const std::vector<std::vector<std::optional<std::string>>>& rows);

}  // namespace stoa::tables
