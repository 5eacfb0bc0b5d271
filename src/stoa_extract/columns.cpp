// SPDX-License-Identifier: AGPL-3.0-or-later
#include "stoa_extract/columns.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

#include <mupdf/ucdn.h>

namespace stoa::extract {
namespace {

using Lines = std::vector<ReadLine>;

/// So many lines side by side are no accident.
constexpr std::size_t column_lines_min = 4;
/// Columns within columns: pages have at most five or so.
constexpr int depth_max = 4;

bool is_upright(const fz_stext_line& line) {
    return line.wmode == 0 && line.dir.x > 0.99F && std::isfinite(line.bbox.x0) &&
           std::isfinite(line.bbox.x1) && std::isfinite(line.bbox.y0) &&
           std::isfinite(line.bbox.y1);
}

float middle_of(const ReadLine& each) { return (each.line->bbox.y0 + each.line->bbox.y1) / 2; }
float width_of(const ReadLine& each) { return each.line->bbox.x1 - each.line->bbox.x0; }
float size_of(const ReadLine& each) { return each.line->first_char->size; }

/// The value that the share `part` of them do not pass.
template <class F>
float quantile(const Lines& lines, float part, F value) {
    std::vector<float> values;
    values.reserve(lines.size());
    for (const ReadLine& each : lines) values.push_back(value(each));
    const auto at = static_cast<std::ptrdiff_t>(part * static_cast<float>(values.size() - 1));
    std::nth_element(values.begin(), values.begin() + at, values.end());
    return values[static_cast<std::size_t>(at)];
}

const fz_stext_char* first_letter(const fz_stext_line& line) {
    const fz_stext_char* c = line.first_char;
    while (c != nullptr && c->c <= ' ') c = c->next;
    return c;
}

/// Running text fills its column and goes on in the next line; the cells of a table do neither.
bool is_running_text(const Lines& column) {
    constexpr float characters_wide_min = 8;
    const float width = quantile(column, 0.9F, width_of);
    if (width < characters_wide_min * quantile(column, 0.5F, size_of)) return false;
    std::size_t filled = 0;
    std::size_t capital = 0;
    std::size_t lowercase = 0;
    std::size_t letters = 0;
    std::size_t others = 0;
    for (const ReadLine& each : column) {
        if (width_of(each) >= 0.8F * width) ++filled;
        const fz_stext_char* first = first_letter(*each.line);
        for (const fz_stext_char* c = first; c != nullptr; c = c->next) {
            const int category = ucdn_get_general_category(static_cast<std::uint32_t>(c->c));
            const bool is_letter =
                category >= UCDN_GENERAL_CATEGORY_LL && category <= UCDN_GENERAL_CATEGORY_LU;
            if (is_letter) ++letters;
            if (!is_letter && c->c > ' ') ++others;
            if (c != first) continue;
            if (category == UCDN_GENERAL_CATEGORY_LL) ++lowercase;
            if (category == UCDN_GENERAL_CATEGORY_LU) ++capital;
        }
    }
    const bool goes_on = 3 * lowercase >= capital;  // scripts without case have neither
    return 10 * filled >= 6 * column.size() && letters >= 3 * others && goes_on;
}

/// Where few lines cross from left to right: the middles of the emptiest upright strips.
std::vector<float> find_gutters(const Lines& lines) {
    constexpr std::size_t strips = 512;
    constexpr std::size_t gutters_max = 6;
    float left = std::numeric_limits<float>::max();
    float right = -left;
    for (const ReadLine& each : lines) {
        if (!is_upright(*each.line)) continue;
        left = std::min(left, each.line->bbox.x0);
        right = std::max(right, each.line->bbox.x1);
    }
    const float strip = (right - left) / strips;
    if (!(strip > 0) || !std::isfinite(strip)) return {};
    std::array<int, strips + 1> change{};
    const auto strip_of = [&](float x) {
        return static_cast<std::size_t>(std::clamp((x - left) / strip, 0.0F, strips - 1.0F));
    };
    for (const ReadLine& each : lines) {
        if (!is_upright(*each.line)) continue;
        ++change.at(strip_of(each.line->bbox.x0));
        --change.at(strip_of(each.line->bbox.x1) + 1);
    }
    const int few = static_cast<int>(lines.size() / 5);
    std::vector<std::pair<float, float>> gutters;  // width, middle
    int covered = 0;
    for (std::size_t i = 0; i < strips;) {
        covered += change.at(i);
        std::size_t end = i + 1;
        while (end < strips && change.at(end) == 0) ++end;
        const auto width = static_cast<float>(end - i) * strip;
        if (covered <= few && i > 0 && end < strips) {
            gutters.emplace_back(width, left + static_cast<float>(i + end) / 2 * strip);
        }
        i = end;
    }
    std::sort(gutters.rbegin(), gutters.rend());
    gutters.resize(std::min(gutters.size(), gutters_max));
    std::vector<float> middles;
    for (const auto& [width, middle] : gutters) middles.push_back(middle);
    return middles;
}

/// What lies beside a gutter between two lines that cross it.
struct Band {
    Lines left, right;
    std::size_t first = 0;     ///< of its lines, among all
    std::size_t switches = 0;  ///< how often drawing went from one side to the other
    bool was_right = false;

    void add(const ReadLine& line, bool is_right, std::size_t index) {
        if (left.empty() && right.empty())
            first = index;
        else if (is_right != was_right)
            ++switches;
        was_right = is_right;
        (is_right ? right : left).push_back(line);
    }

    /// Two columns of running text, drawn by turns.
    [[nodiscard]] bool is_tangled() const {
        const auto fewer = std::min(left.size(), right.size());
        if (fewer < column_lines_min || switches < std::max<std::size_t>(4, fewer / 2))
            return false;
        float left_end = left.front().line->bbox.x1;
        for (const ReadLine& each : left) left_end = std::max(left_end, each.line->bbox.x1);
        float right_begin = right.front().line->bbox.x0;
        for (const ReadLine& each : right) {
            right_begin = std::min(right_begin, each.line->bbox.x0);
        }
        return right_begin - left_end >= 0.7F * quantile(left, 0.5F, size_of) &&
               is_running_text(left) && is_running_text(right);
    }
};

/// The lines of a column begin a paragraph where the leading is wider than usual.
void mark_paragraphs(Lines& column) {
    std::vector<float> leadings;
    for (std::size_t i = 1; i < column.size(); ++i) {
        leadings.push_back(middle_of(column[i]) - middle_of(column[i - 1]));
    }
    auto sorted = leadings;
    const auto half = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
    std::nth_element(sorted.begin(), half, sorted.end());
    column.front().begins_paragraph = true;
    for (std::size_t i = 1; i < column.size(); ++i) {
        const float leading = leadings[i - 1];
        column[i].begins_paragraph = leading > 1.3F * *half || leading < 0;
    }
}

/// The bands beside a gutter; `band_of` tells each line's, or their number where it is in none.
std::vector<Band> cut_bands(const Lines& lines, float gutter, std::vector<std::size_t>& band_of) {
    const auto is_across = [&](const fz_stext_line& line) {
        return line.bbox.x0 < gutter && line.bbox.x1 > gutter;
    };
    std::vector<float> across;
    for (const ReadLine& each : lines) {
        if (is_upright(*each.line) && is_across(*each.line)) across.push_back(middle_of(each));
    }
    std::sort(across.begin(), across.end());
    std::vector<Band> bands(across.size() + 1);
    band_of.assign(lines.size(), bands.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const fz_stext_line& line = *lines[i].line;
        if (!is_upright(line) || is_across(line)) continue;
        const auto above = std::upper_bound(across.begin(), across.end(), middle_of(lines[i]));
        band_of[i] = static_cast<std::size_t>(above - across.begin());
        bands[band_of[i]].add(lines[i], line.bbox.x0 >= gutter, i);
    }
    return bands;
}

/// The columns of tangled bands come one after the other where the band began.
Lines untangle(Lines lines, int depth) {
    if (depth > depth_max || lines.size() < 2 * column_lines_min) return lines;
    std::vector<std::size_t> band_of;
    for (const float gutter : find_gutters(lines)) {
        auto bands = cut_bands(lines, gutter, band_of);
        std::vector<bool> tangled;
        for (const Band& band : bands) tangled.push_back(band.is_tangled());
        if (std::find(tangled.begin(), tangled.end(), true) == tangled.end()) continue;
        Lines read;
        read.reserve(lines.size());
        for (std::size_t i = 0; i < lines.size(); ++i) {
            const auto number = band_of[i];
            if (number == bands.size() || !tangled[number]) {
                read.push_back(lines[i]);
                continue;
            }
            if (bands[number].first != i) continue;
            for (Lines* column : {&bands[number].left, &bands[number].right}) {
                mark_paragraphs(*column);
                const Lines inner = untangle(std::move(*column), depth + 1);
                read.insert(read.end(), inner.begin(), inner.end());
            }
        }
        return read;
    }
    return lines;
}

}  // namespace

std::vector<ReadLine> lines_as_read(const fz_stext_page& page) {
    Lines lines;
    for (const fz_stext_block* block = page.first_block; block != nullptr; block = block->next) {
        if (block->type != FZ_STEXT_BLOCK_TEXT) continue;
        bool begins = true;
        for (const fz_stext_line* line = block->u.t.first_line; line != nullptr;
             line = line->next) {
            if (line->first_char == nullptr) continue;
            lines.push_back({line, std::exchange(begins, false)});
        }
    }
    return untangle(std::move(lines), 0);
}

}  // namespace stoa::extract
