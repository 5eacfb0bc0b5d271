// SPDX-License-Identifier: Apache-2.0
#include "tables/row_pages.hpp"

#include "base/text.hpp"

#include <utility>
#include <vector>

namespace stoa::tables {
namespace {

constexpr std::size_t header_bytes_max = row_page_bytes_max / 2;
constexpr std::string_view between_cells = " | ";

std::string one_line(std::string_view field) {
    std::string line(field);
    for (char& c : line) {
        if (c == '\n' || c == '\r' || c == '\t' || c == '\f') c = ' ';
    }
    return line;
}

class RowPager {
  public:
    RowPager(const Table& table, std::size_t pages_max,
             const std::function<void(RowPage&&)>& on_page)
        : columns_(table.columns()), left_(pages_max), on_page_(on_page) {
        for (const std::string& name : columns_) {
            if (!header_.empty()) header_ += between_cells;
            header_ += one_line(name);
        }
        if (!header_.empty()) header_ += '\n';
        by_field_ = header_.size() > header_bytes_max;
        if (by_field_) header_.clear();
    }

    void add(std::span<const std::string_view> fields) {
        ++row_;
        if (left_ == 0) {
            ++left_out_;
            return;
        }
        std::string line;
        for (std::size_t i = 0; i < fields.size(); ++i) {
            if (by_field_) {
                if (!fields[i].empty()) {
                    add_line(name_of(i) + ": " + one_line(fields[i]) + "\n");
                }
                continue;
            }
            if (i > 0) line += between_cells;
            line += one_line(fields[i]);
        }
        add_line(by_field_ ? "\n" : line + "\n");
    }
    std::int64_t finish() {
        flush();
        return left_out_;
    }

  private:
    [[nodiscard]] std::string name_of(std::size_t column) const {
        if (column < columns_.size()) return one_line(columns_[column]);
        return "column " + std::to_string(column + 1);
    }
    /// A line that is longer than a page is cut over several, each with the header.
    void add_line(std::string_view line) {
        while (!line.empty()) {
            if (!lines_.empty() && header_.size() + lines_.size() + line.size() > max) flush();
            const std::size_t room = max - header_.size() - lines_.size();
            const std::string_view piece = line.size() <= room ? line : cut_utf8(line, room);
            if (lines_.empty()) first_row_ = row_;
            last_row_ = row_;
            lines_ += piece;
            line.remove_prefix(piece.size());
        }
    }
    void flush() {
        while (lines_.ends_with('\n')) lines_.pop_back();
        if (lines_.empty() || left_ == 0) return lines_.clear();
        --left_;
        std::string label = first_row_ == last_row_ ? "row " + std::to_string(first_row_)
                                                    : "rows " + std::to_string(first_row_) + "–" +
                                                          std::to_string(last_row_);
        on_page_({header_ + lines_, std::move(label)});
        lines_.clear();
    }
    static constexpr std::size_t max = row_page_bytes_max;

    const std::vector<std::string>& columns_;
    std::size_t left_;
    const std::function<void(RowPage&&)>& on_page_;
    std::string header_;
    bool by_field_ = false;
    std::string lines_;
    std::int64_t row_ = 0;
    std::int64_t first_row_ = 0;
    std::int64_t last_row_ = 0;
    std::int64_t left_out_ = 0;
};

}  // namespace

TableResult<std::int64_t> for_each_row_page(const Table& table, std::size_t pages_max,
                                            const std::function<void(RowPage&&)>& on_page) {
    RowPager pager(table, pages_max, on_page);
    const auto scan = table.scan([&](std::span<const std::string_view> fields) {
        pager.add(fields);
        return true;
    });
    if (!scan) return tl::unexpected(scan.error());
    return pager.finish();
}

}  // namespace stoa::tables
