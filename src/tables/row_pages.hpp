// SPDX-License-Identifier: Apache-2.0
// A table as pages of text that can be found and quoted: groups of rows short enough to be one
// passage each, and each with the names of the columns, so that no row is read without them. Pure
// functions; any thread.
#pragma once

#include "tables/table.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace stoa::tables {

inline constexpr std::size_t row_page_bytes_max = 1000;

struct RowPage {
    std::string text;   ///< the names in the first line, a row in each line after; or, where names
                        ///< are long, a line "name: value" for each field
    std::string label;  ///< "rows 1–12", from 1, the header not counted
};

/// Gives the pages in order, at most `pages_max`, then goes on counting. The rows that were left
/// out are what it returns.
TableResult<std::int64_t> for_each_row_page(const Table& table, std::size_t pages_max,
                                            const std::function<void(RowPage&&)>& on_page);

}  // namespace stoa::tables
