// SPDX-License-Identifier: Apache-2.0
#include "tables/csv_reader.hpp"

#include <utility>

namespace stoa::tables {

CsvReader::CsvReader(const CsvDialect& dialect, OnRow on_row)
    : dialect_(dialect), on_row_(std::move(on_row)) {}

CsvReader::State CsvReader::feed(std::string_view text) {
    for (const char c : text) {
        if (state_ != State::reading) break;
        if (std::exchange(after_return_, false) && c == '\n') continue;
        if (place_ == Place::quoted)
            take_quoted(c);
        else
            take(c);
        if (row_.size() > row_bytes_max) state_ = State::row_too_long;
    }
    return state_;
}

CsvReader::State CsvReader::finish() {
    if (state_ == State::reading && (!row_.empty() || !ends_.empty() || row_quoted_)) end_row();
    return state_;
}

void CsvReader::take_quoted(char c) {
    if (c == dialect_.quote)
        place_ = Place::after_quote;
    else
        row_ += c;
}

void CsvReader::take(char c) {
    if (c == dialect_.delimiter) {
        end_field();
    } else if (c == '\n' || c == '\r') {
        after_return_ = c == '\r';
        end_row();
    } else if (c == dialect_.quote && place_ == Place::field_start) {
        place_ = Place::quoted;
        row_quoted_ = true;
    } else if (c == dialect_.quote && place_ == Place::after_quote) {
        row_ += c;
        place_ = Place::quoted;
    } else {
        row_ += c;
        place_ = Place::plain;
    }
}

void CsvReader::end_field() {
    ends_.push_back(row_.size());
    place_ = Place::field_start;
    if (ends_.size() > columns_max) state_ = State::too_many_columns;
}

void CsvReader::end_row() {
    const bool unclosed = place_ == Place::quoted;
    end_field();
    const bool blank =
        ends_.size() == 1 && !row_quoted_ && row_.find_first_not_of(" \t") == std::string::npos;
    if (!blank && state_ == State::reading) {
        fields_.clear();
        std::size_t begin = 0;
        for (const std::size_t end : ends_) {
            fields_.push_back(std::string_view(row_).substr(begin, end - begin));
            begin = end;
        }
        if (!on_row_(fields_)) state_ = State::stopped;
    }
    row_.clear();
    ends_.clear();
    row_quoted_ = false;
    if (unclosed) place_ = Place::quoted;
}

}  // namespace stoa::tables
