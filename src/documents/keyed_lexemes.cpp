// SPDX-License-Identifier: Apache-2.0
#include "documents/keyed_lexemes.hpp"

#include "crypto/base64.hpp"
#include "crypto/hash.hpp"

#include <cstddef>
#include <cstdint>

namespace stoa::documents {
namespace {

constexpr std::size_t keyed_letters = 6;

/// Big-endian, as PostgreSQL sends numbers; nothing if there are too few bytes.
std::optional<std::uint32_t> take_number(std::string_view& bytes, std::size_t size) {
    if (bytes.size() < size) return std::nullopt;
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < size; ++i) {
        number = number << 8 | static_cast<std::uint8_t>(bytes[i]);
    }
    bytes.remove_prefix(size);
    return number;
}

/// The lexeme in quotes that begins behind `from`, unescaped; `from` moves behind it.
std::string take_quoted(std::string_view text, std::size_t& from) {
    std::string lexeme;
    for (; from < text.size(); ++from) {
        const bool is_escape = text[from] == '\\' || text[from] == '\'';
        if (text[from] == '\'' && (from + 1 == text.size() || text[from + 1] != '\'')) break;
        if (is_escape && from + 1 < text.size()) ++from;
        lexeme.push_back(text[from]);
    }
    if (from < text.size()) ++from;
    return lexeme;
}

}  // namespace

std::string KeyedLexemes::of(std::string_view lexeme) const {
    return crypto::to_base64url(crypto::view(hmac_(lexeme)).substr(0, 6)).substr(0, keyed_letters);
}

std::optional<std::string> KeyedLexemes::of_vector(std::string_view tsvector_bytes) const {
    auto rest = tsvector_bytes;
    const auto count = take_number(rest, 4);
    if (!count) return std::nullopt;
    std::string keyed(tsvector_bytes.substr(0, 4));
    for (std::uint32_t i = 0; i < *count; ++i) {
        const auto end = rest.find('\0');
        if (end == std::string_view::npos) return std::nullopt;
        keyed += of(rest.substr(0, end));
        keyed.push_back('\0');
        rest.remove_prefix(end + 1);
        const auto positions = rest;
        const auto position_count = take_number(rest, 2);
        if (!position_count || rest.size() < 2 * std::size_t{*position_count}) return std::nullopt;
        keyed += positions.substr(0, 2 + 2 * std::size_t{*position_count});
        rest.remove_prefix(2 * std::size_t{*position_count});
    }
    return rest.empty() ? std::optional(keyed) : std::nullopt;
}

std::string KeyedLexemes::of_query(std::string_view tsquery) const {
    std::string keyed;
    for (std::size_t at = 0; at < tsquery.size();) {
        if (tsquery[at] != '\'') {
            keyed.push_back(tsquery[at++]);
            continue;
        }
        ++at;
        keyed += '\'' + of(take_quoted(tsquery, at)) + '\'';
    }
    return keyed;
}

}  // namespace stoa::documents
