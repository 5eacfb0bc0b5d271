// SPDX-License-Identifier: AGPL-3.0-or-later
// Writes out documents without pages of their own: text, Markdown, HTML and DOCX. One thread; runs
// inside the sandbox.
#pragma once

#include "extraction/format.hpp"
#include "stoa_extract/document.hpp"

#include <cstddef>
#include <string_view>

namespace stoa::extract {

/// Writes the whole reply, or a failure, after which it does not return.
void extract_flow(std::string_view bytes, extraction::Format format, const DocumentLimits& limits);

}  // namespace stoa::extract
