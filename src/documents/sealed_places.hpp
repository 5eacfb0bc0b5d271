// SPDX-License-Identifier: Apache-2.0
// Private to this module: the names under which parts of documents are sealed, one for each column
// and row. What is sealed under one opens under no other. Pure.
#pragma once

#include "base/id.hpp"

#include <string>

namespace stoa::documents {

inline std::string page_text_place(const DocumentId& document, int page) {
    return "document_pages.sealed_text " + document.str() + ' ' + std::to_string(page);
}
inline std::string page_words_place(const DocumentId& document, int page) {
    return "document_pages.sealed_words " + document.str() + ' ' + std::to_string(page);
}
inline std::string chunk_place(const ChunkId& chunk) {
    return "document_chunks.sealed_text " + chunk.str();
}
inline std::string chunk_heading_place(const ChunkId& chunk) {
    return "document_chunks.sealed_heading " + chunk.str();
}
inline std::string table_profile_place(const DocumentId& document) {
    return "pdf_uploads.sealed_table_profile " + document.str();
}
/// What the key of the full-text index is derived for.
inline constexpr const char* lexemes_purpose = "stoa document lexemes";

}  // namespace stoa::documents
