// SPDX-License-Identifier: Apache-2.0
#include "markup/flow_pages.hpp"

#include "base/text.hpp"
#include "base/text_encoding.hpp"

#include <algorithm>

namespace stoa::markup {
namespace {

/// The bytes of the next page with what separates it from the one after.
std::size_t page_end(std::string_view text) {
    const std::string_view window = text.substr(0, flow_page_bytes_max);
    if (const auto feed = window.find('\f'); feed != std::string_view::npos) return feed + 1;
    if (text.size() <= flow_page_bytes_max) return text.size();
    // A page less than half full is worse than one that ends within a paragraph.
    for (const std::string_view end : {"\n\n", "\n", " "}) {
        const auto found = window.rfind(end);
        if (found != std::string_view::npos && found > flow_page_bytes_max / 2) {
            return found + end.size();
        }
    }
    return cut_utf8(text, flow_page_bytes_max).size();
}

}  // namespace

std::vector<FlowPage> cut_pages(std::string_view text) {
    std::vector<FlowPage> pages;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t next = at + page_end(text.substr(at));
        const auto last = text.substr(at, next - at).find_last_not_of("\n\f ");
        if (last != std::string_view::npos) pages.push_back({at, at + last + 1});
        at = next;
    }
    return pages;
}

FlowText read_text(std::string_view bytes) {
    FlowText flow;
    TextDecoder decoder(bytes, detect_encoding(bytes));
    bool after_return = false;
    for (std::string piece; decoder.next(piece);) {
        for (const char c : piece) {
            if (c == '\r')
                flow.text += '\n';
            else if (c != '\n' || !after_return)
                flow.text += c;
            after_return = c == '\r';
        }
    }
    flow.replaced = decoder.replaced();
    return flow;
}

std::vector<FlowHeading> headings_of(const FlowText& flow, const FlowPage& page) {
    std::vector<FlowHeading> headings;
    auto heading = std::partition_point(flow.headings.begin(), flow.headings.end(),
                                        [&](const auto& each) { return each.end <= page.begin; });
    for (; heading != flow.headings.end() && heading->begin < page.end; ++heading) {
        const std::size_t begin = std::max(heading->begin, page.begin);
        const std::size_t end = std::min(heading->end, page.end);
        if (begin < end) headings.push_back({begin - page.begin, end - page.begin, heading->level});
    }
    return headings;
}

}  // namespace stoa::markup
