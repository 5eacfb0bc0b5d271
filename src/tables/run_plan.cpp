// SPDX-License-Identifier: Apache-2.0
#include "tables/plan.hpp"
#include "tables/profile.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace stoa::tables {
namespace {

constexpr std::size_t groups_max = 100'000;

using Cell = std::optional<std::string>;
using Row = std::vector<Cell>;

/// Numbers before other texts, by size; then texts; what is missing last, whatever the direction.
bool comes_before(const Cell& left, const Cell& right, bool descending) {
    if (!left || !right) return left && !right;
    const auto left_number = parse_number(*left);
    const auto right_number = parse_number(*right);
    if (left_number && right_number) {
        return descending ? *left_number > *right_number : *left_number < *right_number;
    }
    if (left_number.has_value() != right_number.has_value()) return left_number.has_value();
    return descending ? *left > *right : *left < *right;
}

struct KeyOrder {
    bool operator()(const Row& left, const Row& right) const {
        for (std::size_t i = 0; i < left.size(); ++i) {
            if (comes_before(left[i], right[i], false)) return true;
            if (comes_before(right[i], left[i], false)) return false;
            // "1" and "1.0" are the same number and yet two keys.
            if (left[i] != right[i]) return left[i] < right[i];
        }
        return false;
    }
};

/// A filter with its column found and its value read once.
class Condition {
  public:
    Condition(const Filter& filter, std::size_t column)
        : comparison_(filter.comparison),
          column_(column),
          text_(folded(filter.value)),
          number_(parse_number(filter.value)) {}

    [[nodiscard]] bool holds(std::span<const std::string_view> fields) const {
        const std::string_view field = fields[column_];
        const bool missing = is_missing(field);
        if (comparison_ == Comparison::is_missing) return missing;
        if (missing) return false;
        if (comparison_ == Comparison::is_present) return true;
        if (comparison_ == Comparison::contains) {
            return folded(field).find(text_) != std::string::npos;
        }
        const auto number = number_ ? parse_number(field) : std::nullopt;
        if (number) return compares(*number < *number_, *number == *number_);
        const std::string text = folded(field);
        return compares(text < text_, text == text_);
    }

  private:
    [[nodiscard]] bool compares(bool less, bool equal) const {
        switch (comparison_) {
            case Comparison::equal:
                return equal;
            case Comparison::not_equal:
                return !equal;
            case Comparison::less:
                return less;
            case Comparison::less_equal:
                return less || equal;
            case Comparison::greater:
                return !less && !equal;
            default:
                return !less;
        }
    }

    Comparison comparison_;
    std::size_t column_;
    std::string text_;
    std::optional<double> number_;
};

/// One aggregate of one group.
class Accumulator {
  public:
    void add(double number, bool keep) {
        ++count_;
        sum_ += number;
        min_ = count_ == 1 ? number : std::min(min_, number);
        max_ = count_ == 1 ? number : std::max(max_, number);
        if (keep) numbers_.push_back(number);
    }
    void add_one() { ++count_; }

    [[nodiscard]] Cell result(Function function) {
        if (function == Function::count) return std::to_string(count_);
        if (function == Function::sum) return format_number(static_cast<double>(sum_));
        if (count_ == 0) return std::nullopt;
        switch (function) {
            case Function::mean:
                return format_number(static_cast<double>(sum_ / static_cast<long double>(count_)));
            case Function::min:
                return format_number(min_);
            case Function::max:
                return format_number(max_);
            default:
                std::sort(numbers_.begin(), numbers_.end());
                return format_number(quantile(numbers_, 0.5));
        }
    }

  private:
    std::int64_t count_ = 0;
    long double sum_ = 0;
    double min_ = 0;
    double max_ = 0;
    std::vector<double> numbers_;  ///< for the median alone
};

class Run {
  public:
    Run(const Table& table, const Plan& plan, std::size_t bytes_max)
        : table_(table), plan_(plan), bytes_max_(bytes_max) {}

    TableResult<QueryResult> run() {
        if (const auto prepared = prepare(); !prepared) return tl::unexpected(prepared.error());
        if (!plan_.aggregates.empty() && keys_.empty()) groups_.try_emplace(Row(), new_group());
        bool too_large = false;
        const auto scan = table_.scan([&](std::span<const std::string_view> fields) {
            const bool matches =
                std::all_of(conditions_.begin(), conditions_.end(),
                            [&](const Condition& condition) { return condition.holds(fields); });
            if (!matches) return true;
            ++result_.rows_matched;
            if (plan_.aggregates.empty())
                add_row(fields);
            else
                add_to_group(fields);
            too_large = groups_.size() > groups_max || bytes_ > bytes_max_;
            return !too_large;
        });
        if (!scan) return tl::unexpected(scan.error());
        if (too_large) return tl::unexpected(TableFailure::too_large);
        result_.rows_scanned = scan->rows;
        finish();
        return std::move(result_);
    }

  private:
    using Group = std::vector<Accumulator>;

    [[nodiscard]] Group new_group() const { return Group(plan_.aggregates.size()); }

    [[nodiscard]] std::optional<std::size_t> column(const std::string& name) const {
        const auto& columns = table_.columns();
        const auto found = std::find(columns.begin(), columns.end(), name);
        if (found == columns.end()) return std::nullopt;
        return static_cast<std::size_t>(found - columns.begin());
    }

    /// Finds every column that the plan names and the order's column in the result.
    TableResult<void> prepare() {
        constexpr auto invalid = TableFailure::plan_invalid;
        if (plan_.limit < 1 || plan_.limit > plan_rows_max) return tl::unexpected(invalid);
        if (plan_.aggregates.empty() && !plan_.group_by.empty()) return tl::unexpected(invalid);
        for (const Filter& filter : plan_.filters) {
            const auto index = column(filter.column);
            if (!index) return tl::unexpected(invalid);
            conditions_.emplace_back(filter, *index);
        }
        const bool rows = plan_.aggregates.empty();
        const auto& given = !rows                  ? plan_.group_by
                            : plan_.select.empty() ? table_.columns()
                                                   : plan_.select;
        for (const std::string& name : given) {
            const auto index = column(name);
            if (!index) return tl::unexpected(invalid);
            keys_.push_back(*index);
            result_.columns.push_back(name);
        }
        if (!prepare_aggregates()) return tl::unexpected(invalid);
        if (!plan_.order) return {};
        const auto by = std::find(result_.columns.begin(), result_.columns.end(), plan_.order->by);
        if (by == result_.columns.end()) return tl::unexpected(invalid);
        order_ = static_cast<std::size_t>(by - result_.columns.begin());
        return {};
    }

    bool prepare_aggregates() {
        for (const Aggregate& aggregate : plan_.aggregates) {
            std::optional<std::size_t> index;
            if (aggregate.column) {
                index = column(*aggregate.column);
                if (!index) return false;
            } else if (aggregate.function != Function::count) {
                return false;
            }
            inputs_.push_back(index);
            result_.columns.push_back(name_of(aggregate));
        }
        return numbers_where_needed();
    }

    /// Whether each aggregate but `count` is over a column of numbers; costs a pass over the rows.
    bool numbers_where_needed() {
        const bool none = std::all_of(plan_.aggregates.begin(), plan_.aggregates.end(),
                                      [](const auto& a) { return a.function == Function::count; });
        if (none) return true;
        const auto types = column_types(table_);
        if (!types) return false;
        for (std::size_t i = 0; i < inputs_.size(); ++i) {
            if (plan_.aggregates[i].function == Function::count) continue;
            const ColumnType type = (*types)[inputs_[i].value()];
            if (type != ColumnType::integer && type != ColumnType::number) return false;
        }
        return true;
    }

    [[nodiscard]] Row cells(std::span<const std::string_view> fields) const {
        Row row;
        for (const std::size_t key : keys_) {
            row.push_back(is_missing(fields[key]) ? Cell() : Cell(fields[key]));
        }
        return row;
    }
    [[nodiscard]] static std::size_t bytes_of(const Row& row) {
        std::size_t bytes = 64;
        for (const Cell& cell : row) bytes += sizeof(Cell) + (cell ? cell->size() : 0);
        return bytes;
    }

    void add_to_group(std::span<const std::string_view> fields) {
        Row key = cells(fields);
        if (std::any_of(key.begin(), key.end(), [](const Cell& cell) { return !cell; })) return;
        auto found = groups_.find(key);
        if (found == groups_.end()) {
            bytes_ += bytes_of(key) + inputs_.size() * sizeof(Accumulator);
            found = groups_.emplace(std::move(key), new_group()).first;
        }
        for (std::size_t i = 0; i < inputs_.size(); ++i) {
            Accumulator& accumulator = found->second[i];
            if (!inputs_[i]) {
                accumulator.add_one();
                continue;
            }
            const std::string_view field = fields[*inputs_[i]];
            if (is_missing(field)) continue;
            const Function function = plan_.aggregates[i].function;
            if (function == Function::count) {
                accumulator.add_one();
                continue;
            }
            const bool keep = function == Function::median;
            if (keep) bytes_ += 2 * sizeof(double);
            accumulator.add(parse_number(field).value_or(0), keep);
        }
    }

    /// Without an order only the first rows are kept; with one, twice as many as are wanted, from
    /// which the better half is taken when they are full.
    void add_row(std::span<const std::string_view> fields) {
        ++result_.rows_total;
        const auto limit = static_cast<std::size_t>(plan_.limit);
        if (!plan_.order && result_.rows.size() == limit) return;
        result_.rows.push_back(cells(fields));
        bytes_ += bytes_of(result_.rows.back());
        if (result_.rows.size() < 2 * limit + 64) return;
        keep_best(limit);
        bytes_ = 0;
        for (const Row& row : result_.rows) bytes_ += bytes_of(row);
    }

    void keep_best(std::size_t limit) {
        auto& rows = result_.rows;
        if (order_) {
            std::stable_sort(rows.begin(), rows.end(), [&](const Row& left, const Row& right) {
                return comes_before(left[*order_], right[*order_], plan_.order->descending);
            });
        }
        if (rows.size() > limit) rows.resize(limit);
    }

    void finish() {
        for (auto& [key, group] : groups_) {
            Row row = key;
            for (std::size_t i = 0; i < group.size(); ++i) {
                row.push_back(group[i].result(plan_.aggregates[i].function));
            }
            result_.rows.push_back(std::move(row));
        }
        if (!plan_.aggregates.empty()) {
            result_.rows_total = static_cast<std::int64_t>(result_.rows.size());
        }
        keep_best(static_cast<std::size_t>(plan_.limit));
    }

    const Table& table_;
    const Plan& plan_;
    std::size_t bytes_max_;
    std::size_t bytes_ = 0;
    std::vector<Condition> conditions_;
    std::vector<std::size_t> keys_;                   ///< grouped by, or selected
    std::vector<std::optional<std::size_t>> inputs_;  ///< of the aggregates
    std::optional<std::size_t> order_;                ///< column of the result
    std::map<Row, Group, KeyOrder> groups_;
    QueryResult result_;
};

}  // namespace

TableResult<QueryResult> run_plan(const Table& table, const Plan& plan,
                                  std::size_t values_bytes_max) {
    return Run(table, plan, values_bytes_max).run();
}

}  // namespace stoa::tables
