// SPDX-License-Identifier: Apache-2.0
#include "tables/table.hpp"

#include "tables/csv_reader.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace stoa::tables {
namespace {

constexpr std::size_t sample_bytes_max = 64u << 10;

std::string first_text(std::string_view bytes, TextEncoding encoding) {
    TextDecoder decoder(bytes, encoding);
    std::string sample;
    for (std::string piece; sample.size() < sample_bytes_max && decoder.next(piece);) {
        sample += piece;
    }
    return sample;
}

std::vector<std::string> column_names(std::span<const std::string> first, bool named) {
    std::vector<std::string> names;
    std::set<std::string> taken;
    std::map<std::string, int> repeats;
    for (std::size_t i = 0; i < first.size(); ++i) {
        std::string name = first[i];
        if (!named)
            name = "column " + std::to_string(i + 1);
        else if (name.empty())
            name = "Unnamed: " + std::to_string(i);
        const std::string base = name;
        while (!taken.insert(name).second) name = base + "." + std::to_string(++repeats[base]);
        names.push_back(std::move(name));
    }
    return names;
}

TableFailure failure_of(CsvReader::State state) {
    return state == CsvReader::State::too_many_columns ? TableFailure::too_many_columns
                                                       : TableFailure::row_too_long;
}

bool is_failure(CsvReader::State state) {
    return state == CsvReader::State::row_too_long || state == CsvReader::State::too_many_columns;
}

}  // namespace

tl::unexpected<Error> fail(TableFailure failure) {
    switch (failure) {
        case TableFailure::row_too_long:
            return fail(ErrorKind::invalid, "table_row_too_long",
                        "A row of the table is longer than 1 MiB; most often a quotation mark is "
                        "opened and never closed.");
        case TableFailure::too_many_columns:
            return fail(ErrorKind::invalid, "table_too_wide",
                        "The table has more than 1000 columns; leave some out.");
        case TableFailure::too_large:
            return fail(ErrorKind::too_large, "table_too_large",
                        "The table, or what is asked of it, needs more memory than is allowed; "
                        "split the file or ask about fewer groups.");
        case TableFailure::no_rows:
            return fail(ErrorKind::invalid, "no_text", "The file has no rows.");
        case TableFailure::plan_invalid:
            break;
    }
    return fail(ErrorKind::invalid, "plan_invalid",
                "The query names a column that the table does not have, computes with a column "
                "that is not numbers, or orders by what it does not give out.");
}

Table::Table(std::string_view bytes) : bytes_(bytes), encoding_(detect_encoding(bytes)) {}

TableResult<Table> Table::open(std::string_view bytes) {
    Table table(bytes);
    table.dialect_ = sniff_dialect(first_text(bytes, table.encoding_));
    std::vector<std::string> first;
    std::size_t second = 0;
    bool skip = table.dialect_.has_declaration;
    CsvReader reader(table.dialect_, [&](std::span<const std::string_view> fields) {
        if (std::exchange(skip, false)) return true;
        if (!first.empty()) {
            second = fields.size();
            return false;
        }
        first.assign(fields.begin(), fields.end());
        return true;
    });
    TextDecoder decoder(bytes, table.encoding_);
    auto state = CsvReader::State::reading;
    for (std::string piece; state == CsvReader::State::reading && decoder.next(piece);) {
        state = reader.feed(piece);
    }
    if (state == CsvReader::State::reading) state = reader.finish();
    if (is_failure(state)) return tl::unexpected(failure_of(state));
    if (first.empty()) return tl::unexpected(TableFailure::no_rows);
    // R writes no name over the names of the rows.
    const bool has_row_names = table.dialect_.has_header && second == first.size() + 1;
    if (has_row_names) first.insert(first.begin(), "row name");
    table.columns_ = column_names(first, table.dialect_.has_header);
    return table;
}

TableResult<Scan> Table::scan(const OnRow& on_row) const {
    Scan scan;
    int skip = (dialect_.has_declaration ? 1 : 0) + (dialect_.has_header ? 1 : 0);
    bool too_many = false;
    std::vector<std::string_view> padded(columns_.size());
    CsvReader reader(dialect_, [&](std::span<const std::string_view> fields) {
        if (skip > 0) {
            --skip;
            return true;
        }
        too_many = scan.rows == rows_max;
        if (too_many) return false;
        ++scan.rows;
        scan.ragged_rows += fields.size() == columns_.size() ? 0 : 1;
        if (fields.size() >= columns_.size()) return on_row(fields);
        std::fill(padded.begin(), padded.end(), std::string_view());
        std::copy(fields.begin(), fields.end(), padded.begin());
        return on_row(padded);
    });
    TextDecoder decoder(bytes_, encoding_);
    auto state = CsvReader::State::reading;
    for (std::string piece; state == CsvReader::State::reading && decoder.next(piece);) {
        state = reader.feed(piece);
    }
    if (state == CsvReader::State::reading) state = reader.finish();
    if (too_many) return tl::unexpected(TableFailure::too_large);
    if (is_failure(state)) return tl::unexpected(failure_of(state));
    scan.replaced_characters = decoder.replaced();
    scan.unclosed_quote = reader.unclosed_quote();
    return scan;
}

}  // namespace stoa::tables
