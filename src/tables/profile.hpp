// SPDX-License-Identifier: Apache-2.0
// What a table holds, column by column: the numbers that pandas' `describe(include="all")` gives,
// over every row and exact, quantiles too. Columns whose values do not fit into the memory allowed
// together are taken in several passes over the file. Values and pure functions; any thread.
#pragma once

#include "tables/table.hpp"
#include "tables/values.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

namespace stoa::tables {

/// A number column has mean to max, any other has unique, top and freq; what does not apply, or is
/// not finite, is absent. `count` is of values that are not missing.
struct ColumnProfile {
    std::string name;
    ColumnType type = ColumnType::text;
    std::int64_t count = 0;
    std::optional<std::int64_t> unique;
    std::optional<std::string> top;  ///< the most frequent value; of several the first met
    std::optional<std::int64_t> freq;
    std::optional<double> mean, std, min, p25, p50, p75, max;
};
BOOST_DESCRIBE_STRUCT(ColumnProfile, (),
                      (name, type, count, unique, top, freq, mean, std, min, p25, p50, p75, max))

struct Profile {
    std::string encoding;   ///< as the WHATWG Encoding Standard names it
    std::string delimiter;  ///< one character
    std::string quote;      ///< one character
    bool has_header = true;
    std::int64_t rows = 0;
    std::int64_t ragged_rows = 0;
    std::int64_t replaced_characters = 0;
    bool unclosed_quote = false;
    std::vector<ColumnProfile> columns;
};
BOOST_DESCRIBE_STRUCT(Profile, (),
                      (encoding, delimiter, quote, has_header, rows, ragged_rows,
                       replaced_characters, unclosed_quote, columns))

/// `values_bytes_max` bounds what values are kept at once; `too_large` if those of one column alone
/// need more.
TableResult<Profile> profile_table(const Table& table, std::size_t values_bytes_max = 256u << 20);

/// The type of each column, as pandas.read_csv infers it: from all of its values that are not
/// missing.
TableResult<std::vector<ColumnType>> column_types(const Table& table);

/// The profile as sentences, a line for each column, for a model or a person to read.
std::string describe(const Profile& profile);

/// The quantile of sorted values by linear interpolation, which is numpy's default.
double quantile(const std::vector<double>& sorted, double share);

}  // namespace stoa::tables
