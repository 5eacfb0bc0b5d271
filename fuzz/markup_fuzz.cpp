// SPDX-License-Identifier: Apache-2.0
// Whatever is uploaded as HTML, DOCX or text: what comes out is UTF-8, and headings and pages lie
// within it.
#include "base/text.hpp"
#include "markup/docx_reader.hpp"
#include "markup/flow_pages.hpp"
#include "markup/html_reader.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

using namespace stoa::markup;

void require(bool holds) {
    if (!holds) std::abort();
}

void check(const FlowText& flow) {
    require(stoa::is_utf8(flow.text) && flow.text.find('\0') == std::string::npos);
    std::size_t before = 0;
    for (const FlowHeading& heading : flow.headings) {
        require(heading.begin >= before && heading.begin < heading.end &&
                heading.end <= flow.text.size());
        before = heading.end;
    }
    for (const FlowPage& page : cut_pages(flow.text)) {
        require(page.begin < page.end && page.end - page.begin <= flow_page_bytes_max);
        const std::string_view text =
            std::string_view(flow.text).substr(page.begin, page.end - page.begin);
        require(stoa::is_utf8(text));
        for (const FlowHeading& heading : headings_of(flow, page)) {
            require(heading.begin < heading.end && heading.end <= text.size());
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    prepare_xml_library();
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    if (const auto flow = read_html(bytes, 64u << 10)) check(*flow);
    if (const auto flow = read_docx(bytes, {64u << 10, 1u << 20})) check(*flow);
    FlowText text = read_text(bytes);
    text.headings = markdown_headings(text.text);
    check(text);
    return 0;
}
