// SPDX-License-Identifier: AGPL-3.0-or-later
#include "stoa_extract/outline.hpp"

#include "extraction/wire.hpp"
#include "stoa_extract/document.hpp"

#include <algorithm>

namespace stoa::extract {
namespace {

constexpr std::size_t entries_max = 100'000;

/// Where `title` ends if it stands at `begin`, however its lines are broken; 0 if it does not.
std::size_t match(std::string_view text, std::size_t begin, std::string_view title) {
    std::size_t at = begin;
    for (const char c : title) {
        if (c == ' ') {
            if (at >= text.size() || (text[at] != ' ' && text[at] != '\n')) return 0;
            while (at < text.size() && (text[at] == ' ' || text[at] == '\n')) ++at;
        } else {
            if (at >= text.size() || text[at] != c) return 0;
            ++at;
        }
    }
    return at;
}

std::size_t next_line(std::string_view text, std::size_t at) {
    const auto end = text.find('\n', at);
    return end == std::string_view::npos ? text.size() : end + 1;
}

/// Behind "2.1 " or "A. " at `begin`, or `begin` itself.
std::size_t after_number(std::string_view text, std::size_t begin) {
    std::size_t at = begin;
    while (at < text.size() && at - begin < 12 &&
           ((text[at] >= '0' && text[at] <= '9') || text[at] == '.' ||
            (at == begin && text[at] >= 'A' && text[at] <= 'Z'))) {
        ++at;
    }
    if (at == begin || at == text.size() || text[at] != ' ') return begin;
    return at + 1;
}

}  // namespace

std::map<int, std::vector<OutlineEntry>> read_outline(fz_context* context, fz_document* document) {
    std::map<int, std::vector<OutlineEntry>> found;
    fz_outline* root = nullptr;
    fz_var(root);
    fz_try(context) { root = fz_load_outline(context, document); }
    fz_catch(context) { return found; }
    std::vector<std::pair<const fz_outline*, int>> open = {{root, 1}};
    for (std::size_t count = 0; !open.empty() && count < entries_max; ++count) {
        const auto [entry, level] = open.back();
        open.pop_back();
        if (entry == nullptr) continue;
        open.emplace_back(entry->next, level);
        open.emplace_back(entry->down, std::min(level + 1, 6));
        if (entry->title == nullptr || entry->page.page < 0) continue;
        std::string title = readable_text(entry->title);
        if (title.empty()) continue;
        found[entry->page.page].push_back({std::move(title), static_cast<std::uint8_t>(level)});
    }
    fz_drop_outline(context, root);
    return found;
}

std::vector<Heading> find_headings(std::string_view text,
                                   const std::vector<OutlineEntry>& entries) {
    std::vector<Heading> headings;
    std::size_t from = 0;
    for (const OutlineEntry& entry : entries) {
        if (headings.size() == extraction::wire::headings_max) break;
        for (std::size_t line = from; line < text.size(); line = next_line(text, line)) {
            std::size_t end = match(text, line, entry.title);
            if (end == 0) end = match(text, after_number(text, line), entry.title);
            if (end == 0) continue;
            headings.push_back(
                {static_cast<std::uint32_t>(line), static_cast<std::uint32_t>(end), entry.level});
            from = end;
            break;
        }
    }
    return headings;
}

}  // namespace stoa::extract
