// SPDX-License-Identifier: Apache-2.0
// Reads CSV (RFC 4180) from UTF-8 that comes in pieces. A quoted field may hold delimiters, line
// ends and doubled quotes; lines end with LF, CR LF or CR; blank lines are skipped, as pandas does.
// Text behind a closing quote belongs to the field. Memory is that of one row. One thread.
#pragma once

#include "tables/csv_dialect.hpp"

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace stoa::tables {

inline constexpr std::size_t columns_max = 1000;
inline constexpr std::size_t row_bytes_max = 1u << 20;

class CsvReader {
  public:
    /// The fields of a row, valid for the call; false stops the reading.
    using OnRow = std::function<bool(std::span<const std::string_view> fields)>;
    enum class State {
        reading,
        stopped,          ///< by `on_row`
        row_too_long,     ///< more than `row_bytes_max`: most often a quote that is never closed
        too_many_columns  ///< more than `columns_max`
    };

    CsvReader(const CsvDialect& dialect, OnRow on_row);

    State feed(std::string_view text);
    /// Gives out a last row without a line end.
    State finish();
    /// After `finish`: the text ended within a quoted field, which then reaches to the end.
    [[nodiscard]] bool unclosed_quote() const { return place_ == Place::quoted; }

  private:
    enum class Place { field_start, plain, quoted, after_quote };

    void take(char c);
    void take_quoted(char c);
    void end_field();
    void end_row();

    CsvDialect dialect_;
    OnRow on_row_;
    State state_ = State::reading;
    Place place_ = Place::field_start;
    bool after_return_ = false;
    bool row_quoted_ = false;        ///< some field of the row was quoted
    std::string row_;                ///< its fields, one behind the other
    std::vector<std::size_t> ends_;  ///< of the fields in `row_`
    std::vector<std::string_view> fields_;
};

}  // namespace stoa::tables
