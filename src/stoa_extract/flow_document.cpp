// SPDX-License-Identifier: AGPL-3.0-or-later
#include "stoa_extract/flow_document.hpp"

#include "markup/docx_reader.hpp"
#include "markup/flow_pages.hpp"
#include "markup/html_reader.hpp"
#include "stoa_extract/frame_writer.hpp"

#include <algorithm>

namespace stoa::extract {
namespace {

using extraction::Format;
using extraction::wire::Failure;

/// Text as long as this makes pages beyond any count that is allowed.
constexpr std::size_t text_bytes_most = 64u << 20;

markup::Read<markup::FlowText> read_flow(std::string_view bytes, Format format,
                                         const DocumentLimits& limits) {
    const std::size_t bytes_max = std::min(limits.output_bytes_max, text_bytes_most);
    if (format == Format::html) return markup::read_html(bytes, bytes_max);
    if (format == Format::docx) {
        return markup::read_docx(bytes, {bytes_max, limits.inflated_bytes_max});
    }
    markup::FlowText flow = markup::read_text(bytes);
    if (format == Format::markdown) flow.headings = markup::markdown_headings(flow.text);
    return flow;
}

Page page_of(const markup::FlowText& flow, const markup::FlowPage& range, std::uint32_t number) {
    Page page;
    page.number = number;
    page.text = flow.text.substr(range.begin, range.end - range.begin);
    for (const auto& heading : markup::headings_of(flow, range)) {
        if (page.headings.size() == extraction::wire::headings_max) break;
        page.headings.push_back({static_cast<std::uint32_t>(heading.begin),
                                 static_cast<std::uint32_t>(heading.end),
                                 static_cast<std::uint8_t>(heading.level)});
    }
    return page;
}

}  // namespace

void extract_flow(std::string_view bytes, Format format, const DocumentLimits& limits) {
    const auto flow = read_flow(bytes, format, limits);
    if (!flow) {
        write_failure_and_exit(flow.error() == markup::ReadFailure::damaged ? Failure::damaged
                                                                            : Failure::too_complex);
    }
    if (flow->text.size() > limits.output_bytes_max) write_failure_and_exit(Failure::too_complex);
    const auto pages = markup::cut_pages(flow->text);
    if (pages.empty()) write_failure_and_exit(Failure::no_text);
    if (pages.size() > static_cast<std::size_t>(limits.pages_max)) {
        write_failure_and_exit(Failure::too_many_pages);
    }
    write_start(format, static_cast<std::uint32_t>(pages.size()),
                readable_text(flow->title.c_str()));
    for (std::size_t i = 0; i < pages.size(); ++i) {
        write_page(page_of(*flow, pages[i], static_cast<std::uint32_t>(i) + 1));
    }
    write_end(
        {0, static_cast<std::uint32_t>(std::min<std::size_t>(flow->replaced, UINT32_MAX)), 0});
}

}  // namespace stoa::extract
