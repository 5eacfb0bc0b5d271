// SPDX-License-Identifier: Apache-2.0
#include "tables/csv_writer.hpp"

#include "tables/values.hpp"

#include <algorithm>
#include <array>

namespace stoa::tables {
namespace {

/// With the wide forms of the same characters, which some spreadsheets take for them.
bool looks_like_formula(std::string_view cell) {
    static constexpr std::array<std::string_view, 11> openings{
        "=", "+", "-", "@", "\t", "\r", "\n", "\uFF1D", "\uFF0B", "\uFF0D", "\uFF20"};
    return std::any_of(openings.begin(), openings.end(),
                       [&](std::string_view opening) { return cell.starts_with(opening); });
}

/// An empty line would not be a row.
void end_row(std::string& csv, std::size_t begin) {
    if (csv.size() == begin) csv += "\"\"";
    csv += "\r\n";
}

}  // namespace

std::string csv_field(std::string_view cell) {
    std::string safe = looks_like_formula(cell) && !parse_number(cell) ? "'" : "";
    safe += cell;
    if (safe.find_first_of(",;\t\"\r\n") == std::string::npos) return safe;
    std::string quoted = "\"";
    for (const char c : safe) {
        if (c == '"') quoted.push_back('"');
        quoted.push_back(c);
    }
    return quoted + '"';
}

std::string write_csv(const std::vector<std::string>& columns,
                      const std::vector<std::vector<std::optional<std::string>>>& rows) {
    std::string csv;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        csv += (i > 0 ? "," : "") + csv_field(columns[i]);
    }
    end_row(csv, 0);
    for (const auto& row : rows) {
        const auto begin = csv.size();
        for (std::size_t i = 0; i < row.size(); ++i) {
            csv += (i > 0 ? "," : "") + csv_field(row[i].value_or(std::string()));
        }
        end_row(csv, begin);
    }
    return csv;
}

}  // namespace stoa::tables
