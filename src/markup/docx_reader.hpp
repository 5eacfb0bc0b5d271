// SPDX-License-Identifier: Apache-2.0
// The text of a Word document (ECMA-376, WordprocessingML) by libxml2's streaming parser: body,
// then footnotes and endnotes; headings by their style or outline level; the title from its
// properties. Deleted text, field codes and the fallbacks of drawings are left out. Document type
// definitions, which no Word file has, are refused, and with them every entity. Any thread.
#pragma once

#include "markup/flow_text.hpp"

#include <cstddef>
#include <string_view>

namespace stoa::markup {

struct DocxLimits {
    std::size_t text_bytes_max = 64u << 20;
    std::size_t inflated_bytes_max = 128u << 20;  ///< of all parts together
};

/// `prepare_xml_library` must have been called.
Read<FlowText> read_docx(std::string_view bytes, const DocxLimits& limits);

}  // namespace stoa::markup
