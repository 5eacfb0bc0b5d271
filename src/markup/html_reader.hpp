// SPDX-License-Identifier: Apache-2.0
// The text of an HTML page as a reader sees it, by libxml2's streaming parser: headings,
// paragraphs, lists, tables and preformatted text; no scripts, styles, or what else is never shown.
// No entity or address outside the page is followed. Memory is that of the text. Any thread.
#pragma once

#include "markup/flow_text.hpp"

#include <cstddef>
#include <string_view>

namespace stoa::markup {

/// To be called once before threads are started, or the sandbox is entered.
void prepare_xml_library();

/// `bytes` in any encoding that `detect_encoding` knows; a `charset` of UTF-8, ISO 8859-1 or
/// Windows-1252 in the first 1024 bytes goes first, without a byte order mark.
Read<FlowText> read_html(std::string_view bytes, std::size_t text_bytes_max);

}  // namespace stoa::markup
