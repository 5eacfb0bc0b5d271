// SPDX-License-Identifier: Apache-2.0
// A question to a table as data: which rows, grouped by what, which numbers of each group, in which
// order, how many. A plan can be shown, checked and run, and can do nothing but read the table. As
// JSON it is the described struct. Values; any thread.
#pragma once

#include "tables/table.hpp"
#include "tables/values.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

namespace stoa::tables {

enum class Comparison {
    equal,
    not_equal,
    less,
    less_equal,
    greater,
    greater_equal,
    contains,
    is_missing,
    is_present
};
BOOST_DESCRIBE_ENUM(Comparison, equal, not_equal, less, less_equal, greater, greater_equal,
                    contains, is_missing, is_present)

enum class Function { count, sum, mean, min, max, median };
BOOST_DESCRIBE_ENUM(Function, count, sum, mean, min, max, median)

/// Numbers compare as numbers where column and value are such, else as text without regard to ASCII
/// case or blanks around it. A missing value passes `is_missing` alone.
struct Filter {
    std::string column;
    Comparison comparison = Comparison::equal;
    std::string value;  ///< not used by is_missing and is_present
    bool operator==(const Filter&) const = default;
};
BOOST_DESCRIBE_STRUCT(Filter, (), (column, comparison, value))

/// Missing values do not count. `count` without a column counts rows; the others need a column of
/// numbers. The `sum` of no values is 0, and any other function of none is missing.
struct Aggregate {
    Function function = Function::count;
    std::optional<std::string> column;
    bool operator==(const Aggregate&) const = default;
};
BOOST_DESCRIBE_STRUCT(Aggregate, (), (function, column))

struct Order {
    std::string by;  ///< a column of the result, such as "species" or "mean(price)"
    bool descending = false;
    bool operator==(const Order&) const = default;
};
BOOST_DESCRIBE_STRUCT(Order, (), (by, descending))

/// With aggregates: one row for each group (those with a missing key are left out, as in pandas),
/// or one for all. Without: the `select` columns of the rows themselves, all columns if it is
/// empty.
struct Plan {
    std::vector<Filter> filters;  ///< all must hold
    std::vector<std::string> group_by;
    std::vector<Aggregate> aggregates;
    std::vector<std::string> select;
    std::optional<Order> order;  ///< else groups by their keys, rows as they come
    std::int64_t limit = 100;    ///< 1 to 1000
    bool operator==(const Plan&) const = default;
};
BOOST_DESCRIBE_STRUCT(Plan, (), (filters, group_by, aggregates, select, order, limit))

inline constexpr std::int64_t plan_rows_max = 1000;

/// The column of the result that holds an aggregate: "count", "mean(price)".
std::string name_of(const Aggregate& aggregate);
/// One sentence for people: "Mean of price by species where year ≥ 2010, greatest first, 5 rows."
std::string describe(const Plan& plan);

struct QueryResult {
    std::vector<std::string> columns;
    std::vector<std::vector<std::optional<std::string>>> rows;  ///< null: missing
    std::int64_t rows_scanned = 0;
    std::int64_t rows_matched = 0;  ///< that passed the filters
    std::int64_t rows_total = 0;    ///< of the result, before `limit`
};
BOOST_DESCRIBE_STRUCT(QueryResult, (), (columns, rows, rows_scanned, rows_matched, rows_total))

/// Runs a plan over every row. `plan_invalid`, or `too_large` with more than 100,000 groups or more
/// than `values_bytes_max` of values kept for medians and keys.
TableResult<QueryResult> run_plan(const Table& table, const Plan& plan,
                                  std::size_t values_bytes_max = 256u << 20);

}  // namespace stoa::tables
