// SPDX-License-Identifier: Apache-2.0
#include "tables/profile.hpp"

#include "base/json.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>
#include <utility>

namespace stoa::tables {
namespace {

/// Finds the type of a column and how many values it has.
class TypeGuess {
  public:
    void add(std::string_view field) {
        if (is_missing(field)) {
            ++missing_;
            return;
        }
        ++count_;
        if (numbers_ && !parse_number(field)) numbers_ = false;
        if (integers_ && !is_integer(field)) integers_ = false;
        if (booleans_ && !parse_boolean(field)) booleans_ = false;
        if (dates_ && !is_date(field)) dates_ = false;
    }
    [[nodiscard]] ColumnType type() const {
        if (numbers_) return integers_ && missing_ == 0 ? ColumnType::integer : ColumnType::number;
        if (booleans_) return ColumnType::boolean;
        return dates_ ? ColumnType::date : ColumnType::text;
    }
    [[nodiscard]] std::int64_t count() const { return count_; }

  private:
    bool numbers_ = true, integers_ = true, booleans_ = true, dates_ = true;
    std::int64_t count_ = 0;
    std::int64_t missing_ = 0;
};

TableResult<std::pair<Scan, std::vector<TypeGuess>>> guess_types(const Table& table) {
    std::vector<TypeGuess> guesses(table.columns().size());
    auto scan = table.scan([&](std::span<const std::string_view> fields) {
        for (std::size_t i = 0; i < guesses.size(); ++i) guesses[i].add(fields[i]);
        return true;
    });
    if (!scan) return tl::unexpected(scan.error());
    return std::pair(*scan, std::move(guesses));
}

bool is_numeric(ColumnType type) {
    return type == ColumnType::integer || type == ColumnType::number;
}

/// Keeps the values of one column, all that a profile needs.
class ColumnValues {
  public:
    ColumnValues(std::size_t index, ColumnProfile& profile) : index_(index), profile_(profile) {}

    void add(std::string_view field) {
        if (is_missing(field)) return;
        if (is_numeric(profile_.type)) {
            if (numbers_.size() == numbers_.capacity()) numbers_.reserve(numbers_.size() * 2 + 64);
            numbers_.push_back(parse_number(field).value_or(0));
            return;
        }
        if (profile_.type == ColumnType::boolean) field = *parse_boolean(field) ? "True" : "False";
        const auto found = counts_.find(std::string(field));
        if (found != counts_.end()) {
            ++found->second.count;
            return;
        }
        counts_.emplace(field, Seen{1, static_cast<std::int64_t>(counts_.size())});
        bytes_ += field.size() + entry_bytes;
    }
    [[nodiscard]] std::size_t index() const { return index_; }
    [[nodiscard]] std::size_t bytes() const {
        return bytes_ + numbers_.capacity() * sizeof(double);
    }
    void finish() {
        if (is_numeric(profile_.type))
            finish_numbers();
        else
            finish_counts();
    }

  private:
    struct Seen {
        std::int64_t count, order;
    };
    /// A node, its share of the table, and the string's own block.
    static constexpr std::size_t entry_bytes = 96;

    void finish_counts() {
        profile_.unique = static_cast<std::int64_t>(counts_.size());
        const auto top = std::max_element(
            counts_.begin(), counts_.end(), [](const auto& left, const auto& right) {
                return std::pair(left.second.count, -left.second.order) <
                       std::pair(right.second.count, -right.second.order);
            });
        if (top == counts_.end()) return;
        profile_.top = top->first;
        profile_.freq = top->second.count;
    }
    void finish_numbers() {
        if (numbers_.empty()) return;
        const auto put = [](std::optional<double>& to, double value) {
            if (std::isfinite(value)) to = value;
        };
        const auto count = static_cast<long double>(numbers_.size());
        long double sum = 0;
        for (const double number : numbers_) sum += number;
        const long double mean = sum / count;
        long double squares = 0;
        for (const double number : numbers_) squares += (number - mean) * (number - mean);
        put(profile_.mean, static_cast<double>(mean));
        if (numbers_.size() > 1) {
            put(profile_.std, static_cast<double>(std::sqrt(squares / (count - 1))));
        }
        std::sort(numbers_.begin(), numbers_.end());
        put(profile_.min, numbers_.front());
        put(profile_.max, numbers_.back());
        put(profile_.p25, quantile(numbers_, 0.25));
        put(profile_.p50, quantile(numbers_, 0.5));
        put(profile_.p75, quantile(numbers_, 0.75));
    }

    std::size_t index_;
    ColumnProfile& profile_;
    std::vector<double> numbers_;
    std::unordered_map<std::string, Seen> counts_;
    std::size_t bytes_ = 0;
};

/// Goes through the table for these columns; those that do not fit are put off, the last first.
/// The columns put off are what it returns.
TableResult<std::vector<std::size_t>> profile_columns(const Table& table,
                                                      const std::vector<std::size_t>& wanted,
                                                      std::size_t bytes_max, Profile& profile) {
    std::vector<ColumnValues> kept;
    std::vector<std::size_t> put_off;
    for (const std::size_t index : wanted) kept.emplace_back(index, profile.columns[index]);
    const auto total = [&] {
        std::size_t bytes = 0;
        for (const auto& column : kept) bytes += column.bytes();
        return bytes;
    };
    std::int64_t row = 0;
    auto scan = table.scan([&](std::span<const std::string_view> fields) {
        for (ColumnValues& column : kept) column.add(fields[column.index()]);
        if (++row % 1024 != 0) return true;
        while (kept.size() > 1 && total() > bytes_max) {
            put_off.push_back(kept.back().index());
            kept.pop_back();
        }
        return total() <= bytes_max;
    });
    if (!scan) return tl::unexpected(scan.error());
    if (total() > bytes_max && kept.size() == 1) return tl::unexpected(TableFailure::too_large);
    for (ColumnValues& column : kept) column.finish();
    std::reverse(put_off.begin(), put_off.end());
    return put_off;
}

std::string with_unit(std::int64_t count, const std::string& unit) {
    return std::to_string(count) + " " + unit + (count == 1 ? "" : "s");
}

std::string describe_column(const ColumnProfile& column) {
    std::string line = column.name + ": " + std::string(json::enum_name(column.type)) + ", " +
                       with_unit(column.count, "value");
    const auto add = [&](const char* what, const std::optional<double>& number) {
        if (number) line += std::string(", ") + what + " " + format_number(*number);
    };
    add("mean", column.mean);
    add("standard deviation", column.std);
    add("minimum", column.min);
    add("quartile", column.p25);
    add("median", column.p50);
    add("upper quartile", column.p75);
    add("maximum", column.max);
    if (column.unique) line += ", " + std::to_string(*column.unique) + " distinct";
    if (column.top && column.freq) {
        line += ", most often \"" + std::string(cut_utf8(*column.top, 80)) + "\" (" +
                std::to_string(*column.freq) + "×)";
    }
    return line;
}

}  // namespace

TableResult<std::vector<ColumnType>> column_types(const Table& table) {
    auto guessed = guess_types(table);
    if (!guessed) return tl::unexpected(guessed.error());
    std::vector<ColumnType> types;
    for (const TypeGuess& guess : guessed->second) types.push_back(guess.type());
    return types;
}

TableResult<Profile> profile_table(const Table& table, std::size_t values_bytes_max) {
    auto guessed = guess_types(table);
    if (!guessed) return tl::unexpected(guessed.error());
    const auto& [scan, guesses] = *guessed;
    Profile profile;
    profile.encoding = name_of(table.encoding());
    profile.delimiter = std::string(1, table.dialect().delimiter);
    profile.quote = std::string(1, table.dialect().quote);
    profile.has_header = table.dialect().has_header;
    profile.rows = scan.rows;
    profile.ragged_rows = scan.ragged_rows;
    profile.replaced_characters = static_cast<std::int64_t>(scan.replaced_characters);
    profile.unclosed_quote = scan.unclosed_quote;
    std::vector<std::size_t> wanted;
    for (std::size_t i = 0; i < guesses.size(); ++i) {
        ColumnProfile column;
        column.name = table.columns()[i];
        column.type = guesses[i].type();
        column.count = guesses[i].count();
        profile.columns.push_back(std::move(column));
        wanted.push_back(i);
    }
    while (!wanted.empty()) {
        auto put_off = profile_columns(table, wanted, values_bytes_max, profile);
        if (!put_off) return tl::unexpected(put_off.error());
        wanted = std::move(*put_off);
    }
    return profile;
}

std::string describe(const Profile& profile) {
    std::string text = "Table of " + with_unit(profile.rows, "row") + " and " +
                       with_unit(static_cast<std::int64_t>(profile.columns.size()), "column") +
                       ".\n";
    for (const ColumnProfile& column : profile.columns) text += describe_column(column) + "\n";
    return text;
}

double quantile(const std::vector<double>& sorted, double share) {
    const double at = share * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(at);
    const std::size_t above = std::min(below + 1, sorted.size() - 1);
    const double low = sorted[below];
    return low + (sorted[above] - low) * (at - std::floor(at));
}

}  // namespace stoa::tables
