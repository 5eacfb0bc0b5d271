// SPDX-License-Identifier: Apache-2.0
#include "markup/flow_text.hpp"

#include "base/text.hpp"
#include "base/text_encoding.hpp"

#include <algorithm>
#include <utility>

namespace stoa::markup {
namespace {

constexpr std::string_view blanks = " \t\n\r\f";

/// The level of a line such as "## Title" and where its text begins, or 0.
std::pair<int, std::size_t> atx_heading(std::string_view line) {
    const auto level = std::min(line.find_first_not_of('#'), line.size());
    if (level == 0 || level > 6 || level == line.size() || line[level] != ' ') return {0, 0};
    const auto text = line.find_first_not_of(blanks, level);
    if (text == std::string_view::npos) return {0, 0};
    return {static_cast<int>(level), text};
}

bool is_underline(std::string_view line, char mark) {
    const auto end = line.find_last_not_of(blanks);
    return end != std::string_view::npos && end >= 2 &&
           line.substr(0, end + 1).find_first_not_of(mark) == std::string_view::npos;
}

bool is_paragraph(std::string_view line) {
    const auto begin = line.find_first_not_of(blanks);
    return begin < 4 && std::string_view("#>-*|`~=").find(line[begin]) == std::string_view::npos;
}

}  // namespace

void FlowWriter::add(std::string_view text, bool preformatted) {
    for (const char c : text) {
        if (is_full()) return;
        const bool blank = blanks.find(c) != std::string_view::npos;
        if (preformatted && c == '\n') {
            end_line();
            indent_ = 0;
        } else if (preformatted && (c == ' ' || c == '\t') && !text_.empty()) {
            ++indent_;
        } else if (blank) {
            widen(Gap::space);
        } else {
            put(c);
        }
    }
}

void FlowWriter::put(char c) {
    static constexpr const char* spelled[] = {"", " ", " | ", "\n", "\n\n", "\f"};
    if (!text_.empty()) text_ += spelled[static_cast<std::size_t>(gap_)];
    if (gap_ != Gap::space) text_.append(indent_, ' ');
    indent_ = 0;
    gap_ = Gap::none;
    if (level_ > 0 && !heading_begun_) {
        headings_.push_back({text_.size(), text_.size(), level_});
        heading_begun_ = true;
    }
    text_ += c;
}

void FlowWriter::begin_heading(int level) {
    end_heading();
    level_ = std::clamp(level, 1, 6);
}

void FlowWriter::end_heading() {
    if (heading_begun_) headings_.back().end = text_.size();
    level_ = 0;
    heading_begun_ = false;
}

FlowText FlowWriter::take() {
    end_heading();
    FlowText flow{std::move(text_), std::move(headings_), {}, 0};
    if (is_utf8(flow.text) && flow.text.find('\0') == std::string::npos) return flow;
    // Offsets would no longer fit; such a text has worse troubles than its headings.
    TextDecoder decoder(flow.text, TextEncoding::utf_8);
    std::string clean;
    for (std::string piece; decoder.next(piece);) clean += piece;
    return {std::move(clean), {}, {}, decoder.replaced()};
}

std::vector<FlowHeading> markdown_headings(std::string_view text) {
    std::vector<FlowHeading> headings;
    std::string_view before;
    std::size_t before_at = 0;
    std::string_view fence;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        std::string_view line = text.substr(at, end - at);
        const auto [level, begin] = atx_heading(line);
        if (!fence.empty()) {
            if (line.starts_with(fence)) fence = {};
        } else if (line.starts_with("```") || line.starts_with("~~~")) {
            fence = line.substr(0, 3);
        } else if (level > 0) {
            const auto last = line.find_last_not_of(" \t\r#");
            headings.push_back({at + begin, at + std::max(last + 1, begin + 1), level});
        } else if (is_paragraph(before) && (is_underline(line, '=') || is_underline(line, '-'))) {
            const auto from = before_at + before.find_first_not_of(blanks);
            headings.push_back(
                {from, before_at + before.find_last_not_of(blanks) + 1, line[0] == '=' ? 1 : 2});
        }
        before = fence.empty() ? line : std::string_view();
        before_at = at;
        at = end + 1;
    }
    return headings;
}

}  // namespace stoa::markup
