// SPDX-License-Identifier: Apache-2.0
// A CSV file as a table: encoding, dialect and column names are found out once, and its rows can
// then be gone through as often as needed, each time from the first byte to the last, in the memory
// of one row. One thread.
#pragma once

#include "base/result.hpp"
#include "base/text_encoding.hpp"
#include "tables/csv_dialect.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace stoa::tables {

/// Why a table cannot be read or asked. The numbers are part of the wire format.
enum class TableFailure : std::uint8_t {
    row_too_long = 1,
    too_many_columns = 2,
    too_large = 3,
    no_rows = 4,
    plan_invalid = 5
};

/// As an `Error` for people: `table_row_too_long`, `table_too_wide`, `no_text`, `plan_invalid`
/// (invalid), `table_too_large` (too_large).
tl::unexpected<Error> fail(TableFailure failure);

template <class T>
using TableResult = tl::expected<T, TableFailure>;

inline constexpr std::int64_t rows_max = 20'000'000;

/// What one pass over all rows met.
struct Scan {
    std::int64_t rows = 0;
    std::int64_t ragged_rows = 0;  ///< rows with more or fewer fields than the table has columns
    std::size_t replaced_characters = 0;
    bool unclosed_quote = false;
};

class Table {
  public:
    /// A row has a field for each column, empty where it lacks one; what it has beyond follows.
    using OnRow = std::function<bool(std::span<const std::string_view> fields)>;

    /// `bytes` must outlive the table. Column names are as pandas makes them: a name that comes
    /// again gets ".1", ".2", …; an empty one is "Unnamed: N" (from 0). Without a header row they
    /// are "column 1", … Where each row has one field more than the header, the first column is
    /// "row name".
    static TableResult<Table> open(std::string_view bytes);

    /// Gives every row but the header to `on_row`, which may end the scan with false.
    [[nodiscard]] TableResult<Scan> scan(const OnRow& on_row) const;

    [[nodiscard]] const std::vector<std::string>& columns() const { return columns_; }
    [[nodiscard]] const CsvDialect& dialect() const { return dialect_; }
    [[nodiscard]] TextEncoding encoding() const { return encoding_; }

  private:
    explicit Table(std::string_view bytes);

    std::string_view bytes_;
    TextEncoding encoding_;
    CsvDialect dialect_;
    std::vector<std::string> columns_;
};

}  // namespace stoa::tables
