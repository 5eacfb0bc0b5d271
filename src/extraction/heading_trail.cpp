// SPDX-License-Identifier: Apache-2.0
#include "extraction/heading_trail.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace stoa::extraction {
namespace {

constexpr std::string_view between = " \u203A ";
constexpr std::size_t title_bytes_max = 200;
constexpr std::size_t path_bytes_max = 500;

/// As one line.
std::string title_of(const Page& page, const Heading& heading) {
    std::string title;
    for (const char c : page.text.substr(heading.begin, heading.end - heading.begin)) {
        const bool is_blank = c == '\n' || c == ' ' || c == '\t';
        if (!is_blank)
            title.push_back(c);
        else if (!title.empty() && title.back() != ' ')
            title.push_back(' ');
    }
    return std::string(cut_utf8(title, title_bytes_max));
}

}  // namespace

std::string_view nearest_heading(std::string_view path) {
    const auto last = path.rfind(between);
    return last == std::string_view::npos ? path : path.substr(last + between.size());
}

void HeadingTrail::enter(Titles& titles, const Page& page, const Heading& heading) {
    const auto level = static_cast<std::size_t>(std::clamp(heading.level, 1, 6)) - 1;
    for (std::size_t i = level; i < titles.size(); ++i) titles.at(i).clear();
    titles.at(level) = title_of(page, heading);
}

std::string HeadingTrail::path_at(const Page& page, std::size_t at) const {
    Titles titles = titles_;
    const auto line_end = std::min(page.text.find('\n', at), page.text.size());
    for (const Heading& heading : page.headings) {
        // Behind "## " a heading of Markdown begins later than its line.
        if (heading.begin > at && heading.begin >= line_end) break;
        enter(titles, page, heading);
    }
    std::string path;
    for (const std::string& title : titles) {
        if (title.empty()) continue;
        if (!path.empty()) path += between;
        path += title;
    }
    return std::string(cut_utf8(path, path_bytes_max));
}

void HeadingTrail::pass(const Page& page) {
    for (const Heading& heading : page.headings) enter(titles_, page, heading);
}

}  // namespace stoa::extraction
