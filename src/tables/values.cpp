// SPDX-License-Identifier: Apache-2.0
#include "tables/values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace stoa::tables {
namespace {

std::string_view trimmed(std::string_view text) {
    const auto begin = std::min(text.find_first_not_of(" \t"), text.size());
    text.remove_prefix(begin);
    return text.substr(0, text.find_last_not_of(" \t") + 1);
}

bool are_digits(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

bool is_missing(std::string_view field) {
    static constexpr std::string_view missing[] = {
        "",     "#N/A",   "#N/A N/A", "#NA",  "-1.#IND", "-1.#QNAN", "-NaN",
        "-nan", "1.#IND", "1.#QNAN",  "<NA>", "N/A",     "NA",       "NULL",
        "NaN",  "None",   "n/a",      "nan",  "null"};
    return field.size() <= 8 &&
           std::find(std::begin(missing), std::end(missing), field) != std::end(missing);
}

std::optional<double> parse_number(std::string_view field) {
    field = trimmed(field);
    if (field.starts_with('+')) field.remove_prefix(1);
    if (field.empty() || field.starts_with('+')) return std::nullopt;
    const std::string_view digits = field[0] == '-' ? field.substr(1) : field;
    if (digits.empty()) return std::nullopt;
    const bool begins_well = (digits[0] >= '0' && digits[0] <= '9') || digits[0] == '.';
    if (!begins_well) {
        const std::string name = folded(digits);
        if (name != "inf" && name != "infinity") return std::nullopt;
    }
    double number = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
    if (end != field.data() + field.size()) return std::nullopt;
    if (error == std::errc::result_out_of_range) {
        const auto exponent = digits.find_first_of("eE");
        const bool tiny =
            exponent != std::string_view::npos && digits.substr(exponent + 1).starts_with('-');
        const double bound = tiny ? 0.0 : HUGE_VAL;
        return field[0] == '-' ? -bound : bound;
    }
    return error == std::errc() ? std::optional(number) : std::nullopt;
}

bool is_integer(std::string_view field) {
    field = trimmed(field);
    if (field.starts_with('+')) field.remove_prefix(1);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
    return !field.empty() && error == std::errc() && end == field.data() + field.size();
}

std::optional<bool> parse_boolean(std::string_view field) {
    for (const std::string_view yes : {"True", "TRUE", "true"}) {
        if (field == yes) return true;
    }
    for (const std::string_view no : {"False", "FALSE", "false"}) {
        if (field == no) return false;
    }
    return std::nullopt;
}

bool is_date(std::string_view field) {
    if (field.size() < 10 || field[4] != '-' || field[7] != '-') return false;
    if (field.size() > 10 && field[10] != 'T' && field[10] != ' ') return false;
    const std::string_view month = field.substr(5, 2);
    const std::string_view day = field.substr(8, 2);
    return are_digits(field.substr(0, 4)) && are_digits(month) && are_digits(day) &&
           month >= "01" && month <= "12" && day >= "01" && day <= "31";
}

std::string format_number(double number) {
    constexpr double exact_max = 9007199254740992;  // 2^53
    if (number == std::floor(number) && std::fabs(number) <= exact_max) {
        return std::to_string(static_cast<std::int64_t>(number));
    }
    std::array<char, 32> digits{};
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    return error == std::errc() ? std::string(digits.data(), end) : std::string();
}

std::string folded(std::string_view text) {
    std::string lower(trimmed(text));
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return lower;
}

}  // namespace stoa::tables
