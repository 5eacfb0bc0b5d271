// SPDX-License-Identifier: Apache-2.0
// The kinds of document that can be read, each recognised by its bytes and never by its name. This
// is the one list of them: what an upload may be, and what stoa-extract reads, both come from here.
// Pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace stoa::extraction {

/// The numbers are part of the wire format.
enum class Format : std::uint8_t { pdf = 1, text = 2, markdown = 3, html = 4, docx = 5, csv = 6 };

struct FormatInfo {
    Format format;
    std::string_view mime_type;
    std::string_view name;  ///< for people
};

/// Every format that can be read.
std::span<const FormatInfo> readable_formats();
const FormatInfo& info_of(Format format);

/// How much of a file's start and of its end `sniff` wants to see.
inline constexpr std::size_t sniffed_bytes = 64u << 10;

/// What a file is, from its first and its last `sniffed_bytes` (both are all of a smaller one). A
/// PDF has "%PDF-" in its first 1024 bytes (ISO 32000-2, annex I); a DOCX is a ZIP archive that
/// names "word/document.xml"; HTML begins as the WHATWG MIME Sniffing Standard has it; the rest is
/// text unless it has bytes that no text has. Among texts, Markdown has at least two kinds of its
/// marks, and CSV is rows of the same number of fields. Nothing for anything else.
std::optional<Format> sniff(std::string_view head, std::string_view tail);

}  // namespace stoa::extraction
