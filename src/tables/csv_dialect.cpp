// SPDX-License-Identifier: Apache-2.0
#include "tables/csv_dialect.hpp"

#include "tables/csv_reader.hpp"
#include "tables/values.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace stoa::tables {
namespace {

constexpr std::size_t rows_sampled_max = 500;
constexpr std::size_t sample_bytes_max = 64u << 10;
constexpr std::array delimiters = {',', ';', '\t', '|'};

using Rows = std::vector<std::vector<std::string>>;

/// The rows of the sample, without a last one that may be cut.
Rows read_rows(std::string_view sample, const CsvDialect& dialect, CsvReader::State& state) {
    const bool cut = sample.size() >= sample_bytes_max;
    sample = sample.substr(0, sample_bytes_max);
    Rows rows;
    CsvReader reader(dialect, [&](std::span<const std::string_view> fields) {
        rows.emplace_back(fields.begin(), fields.end());
        return rows.size() < rows_sampled_max;
    });
    state = reader.feed(sample);
    if (state == CsvReader::State::reading && !cut) state = reader.finish();
    return rows;
}

/// Single quotes serve only where whole fields stand in them and double ones nowhere do.
char sniff_quote(std::string_view sample, char delimiter) {
    if (sample.find('"') != std::string_view::npos) return '"';
    std::size_t opening = 0;
    std::size_t closing = 0;
    for (std::size_t i = 0; i < sample.size(); ++i) {
        if (sample[i] != '\'') continue;
        const auto ends_field = [&](char c) { return c == delimiter || c == '\n' || c == '\r'; };
        opening += i == 0 || ends_field(sample[i - 1]);
        closing += i + 1 == sample.size() || ends_field(sample[i + 1]);
    }
    return opening >= 2 && opening == closing ? '\'' : '"';
}

/// The line with which a file tells spreadsheets its delimiter.
struct Declaration {
    char delimiter = 0;      ///< 0: there is none
    std::size_t length = 0;  ///< of the line, with its end
};

Declaration read_declaration(std::string_view sample) {
    const std::size_t end = std::min(sample.find_first_of("\r\n"), sample.size());
    std::string_view line = sample.substr(0, end);
    if (line.size() >= 2 && line.front() == '"' && line.back() == '"') {
        line = line.substr(1, line.size() - 2);
    }
    constexpr std::string_view key = "sep=";
    const auto same_letter = [](char is, char want) { return (is | 0x20) == (want | 0x20); };
    if (line.size() <= key.size() ||
        !std::equal(key.begin(), key.end(), line.begin(), same_letter)) {
        return {};
    }
    const std::string_view named = line.substr(key.size());
    const char delimiter = named == "\\t" ? '\t' : named.front();
    const bool is_one = named.size() == 1 || named == "\\t";
    const bool is_letter = (delimiter >= '0' && delimiter <= '9') ||
                           ((delimiter | 0x20) >= 'a' && (delimiter | 0x20) <= 'z');
    const bool is_plain = delimiter == '\t' || (delimiter >= ' ' && delimiter < 0x7F);
    if (!is_one || !is_plain || is_letter || delimiter == '"' || delimiter == '\'') return {};
    const bool two = sample.substr(end).starts_with("\r\n");
    return {delimiter, std::min(end + (two ? 2 : 1), sample.size())};
}

struct Guess {
    CsvDialect dialect;
    Rows rows;
    std::size_t columns = 0;  ///< what most rows have
    double agreement = 0;     ///< the share of rows that have it

    [[nodiscard]] bool better_than(const Guess& other) const {
        if ((columns >= 2) != (other.columns >= 2)) return columns >= 2;
        if (agreement != other.agreement) return agreement > other.agreement;
        return columns > other.columns;
    }
};

Guess guess_with(std::string_view sample, char delimiter) {
    Guess guess;
    guess.dialect = {delimiter, sniff_quote(sample, delimiter), true};
    auto state = CsvReader::State::reading;
    guess.rows = read_rows(sample, guess.dialect, state);
    if (state == CsvReader::State::too_many_columns) {
        // To be refused as what it is, not read as a table of one column.
        guess.columns = columns_max + 1;
        guess.agreement = 1;
        return guess;
    }
    std::map<std::size_t, std::size_t> counts;
    for (const auto& row : guess.rows) ++counts[row.size()];
    std::size_t most = 0;
    for (const auto& [columns, count] : counts) {
        if (count < most) continue;
        most = count;
        guess.columns = columns;
    }
    if (!guess.rows.empty()) {
        guess.agreement = static_cast<double>(most) / static_cast<double>(guess.rows.size());
    }
    return guess;
}

/// What one column says for (above 0) or against its first field being a name.
int header_vote(const Rows& rows, std::size_t column) {
    const std::string& first = rows.front()[column];
    if (is_missing(first)) return 0;
    std::size_t count = 0;
    std::size_t numbers = 0;
    std::size_t integers = 0;
    std::set<std::string_view> values;
    for (std::size_t row = 1; row < rows.size(); ++row) {
        if (column >= rows[row].size() || is_missing(rows[row][column])) continue;
        const std::string& field = rows[row][column];
        ++count;
        numbers += parse_number(field).has_value();
        integers += is_integer(field);
        values.insert(field);
    }
    if (count == 0) return 0;
    if (numbers == count) {
        if (!parse_number(first)) return 2;
        // A year over measurements, and not one of them.
        return is_integer(first) && integers * 10 < count ? 1 : -1;
    }
    if (values.contains(first)) return -2;
    return count > 1 && values.size() == 1 ? 2 : 0;
}

bool first_row_names_columns(const Rows& rows) {
    if (rows.empty()) return true;
    int votes = 0;
    bool has_number = false;
    for (std::size_t column = 0; column < rows.front().size(); ++column) {
        votes += header_vote(rows, column);
        has_number = has_number || parse_number(rows.front()[column]);
    }
    return votes > 0 || (votes == 0 && !has_number);
}

Guess best_guess(std::string_view sample) {
    Guess best;
    if (const auto declared = read_declaration(sample); declared.delimiter != 0) {
        best = guess_with(sample.substr(declared.length), declared.delimiter);
        best.dialect.has_header = first_row_names_columns(best.rows);
        best.dialect.has_declaration = true;
        return best;
    }
    for (const char delimiter : delimiters) {
        Guess guess = guess_with(sample, delimiter);
        if (delimiter == delimiters.front() || guess.better_than(best)) best = std::move(guess);
    }
    best.dialect.has_header = first_row_names_columns(best.rows);
    return best;
}

/// Commas in sentences are followed by a space, and what they part is no number.
bool is_prose(const Guess& guess) {
    std::size_t fields = 0;
    std::size_t spaced = 0;
    for (const auto& row : guess.rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (parse_number(row[i])) return false;
            if (i == 0) continue;
            ++fields;
            spaced += row[i].starts_with(' ');
        }
    }
    return guess.dialect.delimiter != '\t' && spaced * 2 > fields;
}

}  // namespace

CsvDialect sniff_dialect(std::string_view sample) { return best_guess(sample).dialect; }

bool looks_like_csv(std::string_view sample) {
    const Guess guess = best_guess(sample);
    if (guess.dialect.has_declaration) return !guess.rows.empty();
    if (guess.rows.size() < 2 || guess.columns < 2) return false;
    const double needed = guess.rows.size() < 5 ? 1.0 : 0.8;
    return guess.agreement >= needed && !is_prose(guess);
}

}  // namespace stoa::tables
