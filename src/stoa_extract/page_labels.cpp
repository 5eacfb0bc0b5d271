// SPDX-License-Identifier: AGPL-3.0-or-later
#include "stoa_extract/page_labels.hpp"

#include "extraction/wire.hpp"
#include "stoa_extract/document.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace stoa::extract {
namespace {

constexpr int depth_max = 16;
constexpr std::size_t ranges_max = 10'000;
constexpr int nodes_max = 10'000;

/// Throws as MuPDF does (longjmp), so it holds nothing that would need a destructor meanwhile.
void collect(fz_context* context, pdf_obj* node, int depth, int& nodes_left,
             std::vector<LabelRange>& ranges) {
    // A tree may be a graph with cycles, in a file that means harm.
    if (depth > depth_max || --nodes_left < 0) return;
    pdf_obj* nums = pdf_dict_gets(context, node, "Nums");
    const int entries = pdf_array_len(context, nums) / 2;
    for (int i = 0; i < entries && ranges.size() < ranges_max; ++i) {
        pdf_obj* entry = pdf_array_get(context, nums, 2 * i + 1);
        const int first_index = pdf_array_get_int(context, nums, 2 * i);
        const char* style = pdf_to_name(context, pdf_dict_gets(context, entry, "S"));
        pdf_obj* start = pdf_dict_gets(context, entry, "St");
        const int number = start == nullptr ? 1 : pdf_to_int(context, start);
        const char* prefix = pdf_to_text_string(context, pdf_dict_gets(context, entry, "P"));
        ranges.push_back({first_index, *style, number, readable_text(prefix)});
    }
    pdf_obj* kids = pdf_dict_gets(context, node, "Kids");
    const int count = pdf_array_len(context, kids);
    for (int i = 0; i < count && nodes_left > 0 && ranges.size() < ranges_max; ++i) {
        collect(context, pdf_array_get(context, kids, i), depth + 1, nodes_left, ranges);
    }
}

std::string roman(int number) {
    static constexpr std::pair<int, std::string_view> numerals[] = {
        {1000, "m"}, {900, "cm"}, {500, "d"}, {400, "cd"}, {100, "c"}, {90, "xc"}, {50, "l"},
        {40, "xl"},  {10, "x"},   {9, "ix"},  {5, "v"},    {4, "iv"},  {1, "i"}};
    std::string text;
    for (const auto& [value, numeral] : numerals) {
        for (; number >= value; number -= value) text += numeral;
    }
    return text;
}

std::string spell(char style, int number) {
    // Above this, Roman numerals and letters are longer than a label may be.
    constexpr int spelled_max = 1500;
    if (number < 1) return {};
    if (style == 'D' || (style != 0 && number > spelled_max)) return std::to_string(number);
    std::string text;
    if (style == 'R' || style == 'r') text = roman(number);
    if (style == 'A' || style == 'a') {
        text.assign(static_cast<std::size_t>(number - 1) / 26 + 1,
                    static_cast<char>('a' + (number - 1) % 26));
    }
    if (style == 'R' || style == 'A') {
        for (char& letter : text) letter = static_cast<char>(letter - 'a' + 'A');
    }
    return text;
}

}  // namespace

std::vector<LabelRange> read_label_ranges(fz_context* context, pdf_document* document) {
    std::vector<LabelRange> ranges;
    int nodes_left = nodes_max;
    fz_var(nodes_left);
    fz_try(context) {
        pdf_obj* root = pdf_dict_gets(context, pdf_trailer(context, document), "Root");
        collect(context, pdf_dict_gets(context, root, "PageLabels"), 0, nodes_left, ranges);
    }
    fz_catch(context) {}
    std::stable_sort(ranges.begin(), ranges.end(), [](const LabelRange& a, const LabelRange& b) {
        return a.first_index < b.first_index;
    });
    return ranges;
}

std::string page_label(const std::vector<LabelRange>& ranges, int index) {
    const auto after = std::upper_bound(
        ranges.begin(), ranges.end(), index,
        [](int wanted, const LabelRange& range) { return wanted < range.first_index; });
    if (after == ranges.begin()) return {};
    const LabelRange& range = *std::prev(after);
    const int offset = index - std::max(range.first_index, 0);
    const int start = std::clamp(range.start, 0, 1'000'000);
    std::string label = range.prefix + spell(range.style, start + offset);
    if (label.size() > extraction::wire::label_bytes_max) label.clear();
    return label;
}

}  // namespace stoa::extract
