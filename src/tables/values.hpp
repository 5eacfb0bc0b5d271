// SPDX-License-Identifier: Apache-2.0
// What a field of a table may mean, by the rules of pandas.read_csv: which texts stand for a
// missing value, and which are numbers or truth values. Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/describe/enum.hpp>

namespace stoa::tables {

enum class ColumnType { integer, number, boolean, date, text };
BOOST_DESCRIBE_ENUM(ColumnType, integer, number, boolean, date, text)

/// "", "NA", "N/A", "NaN", "null", "None" and the others of pandas' list.
bool is_missing(std::string_view field);
/// A decimal number, also with an exponent, "inf" or blanks around it.
std::optional<double> parse_number(std::string_view field);
/// Whether it is a number without fraction or exponent that 64 bits hold.
bool is_integer(std::string_view field);
/// "True", "TRUE", "true" and the same of false.
std::optional<bool> parse_boolean(std::string_view field);
/// "YYYY-MM-DD", alone or before "T" or a blank and a time.
bool is_date(std::string_view field);

/// The shortest digits that read as the same number; integers without a fraction.
std::string format_number(double number);
/// For comparing as people do: without blanks around it, ASCII letters lower.
std::string folded(std::string_view text);

}  // namespace stoa::tables
