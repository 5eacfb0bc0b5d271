// SPDX-License-Identifier: Apache-2.0
#include "base/text_encoding.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cstdint>

namespace stoa {
namespace {

constexpr std::size_t piece_bytes = 64u << 10;
constexpr std::string_view utf_8_mark = "\xEF\xBB\xBF";
constexpr std::string_view utf_16le_mark = "\xFF\xFE";
constexpr std::string_view utf_16be_mark = "\xFE\xFF";

/// What Windows-1252 has at 0x80 to 0x9F; the five that it leaves out are controls, as on the web.
constexpr char16_t windows_1252_high[32] = {
    0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008D, 0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178};

void append_windows_1252(std::string& to, unsigned char byte) {
    const bool is_high = byte >= 0x80 && byte < 0xA0;
    append_code_point(to, is_high ? windows_1252_high[byte - 0x80] : byte);
}

/// The length of the well-formed UTF-8 character that `text` begins with, or 0.
std::size_t character_length(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    return lead >= 0x80 && lead < 0xC2       ? 0
           : text.size() < length            ? 0
           : is_utf8(text.substr(0, length)) ? length
                                             : 0;
}

/// UTF-16 without a mark: of Western text every other byte is NUL, which no other text has.
bool has_nul_at(std::string_view bytes, std::size_t parity) {
    const std::size_t count = std::min<std::size_t>(bytes.size(), 4096) / 2 * 2;
    std::size_t found = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (bytes[i] != '\0') continue;
        if (i % 2 != parity) return false;
        ++found;
    }
    return found > 0 && found * 2 * 10 > count * 4;
}

}  // namespace

std::string_view name_of(TextEncoding encoding) {
    switch (encoding) {
        case TextEncoding::utf_8:
            return "utf-8";
        case TextEncoding::utf_16le:
            return "utf-16le";
        case TextEncoding::utf_16be:
            return "utf-16be";
        case TextEncoding::windows_1252:
            break;
    }
    return "windows-1252";
}

TextEncoding detect_encoding(std::string_view bytes) {
    if (bytes.starts_with(utf_8_mark)) return TextEncoding::utf_8;
    if (bytes.starts_with(utf_16le_mark)) return TextEncoding::utf_16le;
    if (bytes.starts_with(utf_16be_mark)) return TextEncoding::utf_16be;
    if (has_nul_at(bytes, 1)) return TextEncoding::utf_16le;
    if (has_nul_at(bytes, 0)) return TextEncoding::utf_16be;
    std::size_t good = 0;
    std::size_t bad = 0;
    for (std::size_t i = 0; i < bytes.size();) {
        if (static_cast<unsigned char>(bytes[i]) < 0x80) {
            ++i;
            continue;
        }
        const std::size_t length = character_length(bytes.substr(i));
        ++(length == 0 ? bad : good);
        i += std::max<std::size_t>(length, 1);
    }
    return bad <= good ? TextEncoding::utf_8 : TextEncoding::windows_1252;
}

void append_code_point(std::string& to, char32_t code_point) {
    auto c = static_cast<std::uint32_t>(code_point);
    if (c > 0x10FFFFU || (c >= 0xD800U && c < 0xE000U)) c = 0xFFFDU;
    const auto put = [&](std::uint32_t byte) { to += static_cast<char>(byte); };
    const auto rest = [&](unsigned shift) { put(0x80U | ((c >> shift) & 0x3FU)); };
    if (c < 0x80U) {
        put(c);
    } else if (c < 0x800U) {
        put(0xC0U | (c >> 6U));
        rest(0);
    } else if (c < 0x10000U) {
        put(0xE0U | (c >> 12U));
        rest(6);
        rest(0);
    } else {
        put(0xF0U | (c >> 18U));
        rest(12);
        rest(6);
        rest(0);
    }
}

TextDecoder::TextDecoder(std::string_view bytes, TextEncoding encoding)
    : left_(bytes), encoding_(encoding) {
    for (const auto& [mark, of] : {std::pair{utf_8_mark, TextEncoding::utf_8},
                                   std::pair{utf_16le_mark, TextEncoding::utf_16le},
                                   std::pair{utf_16be_mark, TextEncoding::utf_16be}}) {
        if (encoding == of && left_.starts_with(mark)) left_.remove_prefix(mark.size());
    }
}

bool TextDecoder::next(std::string& piece) {
    piece.clear();
    if (left_.empty()) return false;
    switch (encoding_) {
        case TextEncoding::utf_8:
            take_utf_8(piece);
            break;
        case TextEncoding::utf_16le:
        case TextEncoding::utf_16be:
            take_utf_16(piece);
            break;
        case TextEncoding::windows_1252:
            take_windows_1252(piece);
            break;
    }
    return true;
}

void TextDecoder::replace(std::string& piece) {
    append_code_point(piece, 0xFFFD);
    ++replaced_;
}

/// A byte among UTF-8 that is none is most likely of a part that was pasted from Windows-1252.
void TextDecoder::take_stray(std::string& piece) {
    const auto byte = static_cast<unsigned char>(left_[0]);
    if (byte == 0) return replace(piece);
    append_windows_1252(piece, byte);
    ++replaced_;
}

void TextDecoder::take_utf_8(std::string& piece) {
    while (!left_.empty() && piece.size() < piece_bytes) {
        const std::size_t length = left_[0] == '\0' ? 0 : character_length(left_);
        if (length == 0)
            take_stray(piece);
        else
            piece += left_.substr(0, length);
        left_.remove_prefix(std::max<std::size_t>(length, 1));
    }
}

void TextDecoder::take_utf_16(std::string& piece) {
    const std::size_t low = encoding_ == TextEncoding::utf_16le ? 0 : 1;
    const auto unit_at = [&](std::size_t at) {
        const auto byte = [&](std::size_t i) {
            return static_cast<std::uint32_t>(static_cast<unsigned char>(left_[at + i]));
        };
        return byte(low) | (byte(1 - low) << 8U);
    };
    while (!left_.empty() && piece.size() < piece_bytes) {
        if (left_.size() < 2) {
            replace(piece);
            left_ = {};
            return;
        }
        const std::uint32_t unit = unit_at(0);
        const std::uint32_t second = left_.size() >= 4 ? unit_at(2) : 0;
        const bool pair = (unit & 0xFC00U) == 0xD800U && (second & 0xFC00U) == 0xDC00U;
        if (pair)
            append_code_point(piece, 0x10000U + ((unit & 0x3FFU) << 10U) + (second & 0x3FFU));
        else if (unit == 0 || (unit & 0xF800U) == 0xD800U)
            replace(piece);
        else
            append_code_point(piece, unit);
        left_.remove_prefix(pair ? 4 : 2);
    }
}

void TextDecoder::take_windows_1252(std::string& piece) {
    while (!left_.empty() && piece.size() < piece_bytes) {
        const auto byte = static_cast<unsigned char>(left_[0]);
        if (byte == 0)
            replace(piece);
        else
            append_windows_1252(piece, byte);
        left_.remove_prefix(1);
    }
}

}  // namespace stoa
