// SPDX-License-Identifier: Apache-2.0
#include "base/folded_text.hpp"

#include <algorithm>
#include <array>

#include <utf8proc.h>

namespace stoa {
namespace {

bool is_space(char c) {
    return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

bool is_ascii_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

bool is_hyphen(char32_t c) { return c == 0xAD || c == 0x2010 || c == 0x2011; }

/// Han, kana and what is set among them, whose lines break anywhere.
bool is_cjk(char32_t c) {
    return (c >= 0x2E80 && c <= 0x31FF) || (c >= 0x3400 && c <= 0x4DBF) ||
           (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF) ||
           (c >= 0xFE30 && c <= 0xFE4F) || (c >= 0xFF00 && c <= 0xFFEF) ||
           (c >= 0x20000 && c <= 0x3FFFF);
}

enum class Kind { space, letter, combining, other };

Kind kind_of(char32_t c) {
    switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
        case UTF8PROC_CATEGORY_ZS:
        case UTF8PROC_CATEGORY_ZL:
        case UTF8PROC_CATEGORY_ZP:
        case UTF8PROC_CATEGORY_CC:
            return Kind::space;
        case UTF8PROC_CATEGORY_LU:
        case UTF8PROC_CATEGORY_LL:
        case UTF8PROC_CATEGORY_LT:
        case UTF8PROC_CATEGORY_LM:
        case UTF8PROC_CATEGORY_LO:
            return Kind::letter;
        case UTF8PROC_CATEGORY_MN:
        case UTF8PROC_CATEGORY_MC:
        case UTF8PROC_CATEGORY_ME:
            return Kind::combining;
        default:
            return Kind::other;
    }
}

/// The plain form of quotation marks and dashes.
char32_t plain_form(char32_t c) {
    if ((c >= 0x2018 && c <= 0x201B) || c == 0x2032) return U'\'';
    if ((c >= 0x201C && c <= 0x201F) || c == 0x2033) return U'"';
    if ((c >= 0x2012 && c <= 0x2015) || c == 0x2212) return U'-';
    return c;
}

struct Decoded {
    char32_t code_point = 0;
    std::size_t bytes = 1;
    bool is_valid = false;
};

Decoded decode(std::string_view text) {
    utf8proc_int32_t code_point = 0;
    const auto bytes = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                        static_cast<utf8proc_ssize_t>(text.size()), &code_point);
    if (bytes <= 0) return {};
    return {static_cast<char32_t>(code_point), static_cast<std::size_t>(bytes), true};
}

using Utf8 = std::array<utf8proc_uint8_t, 4>;

std::string_view encode(char32_t code_point, Utf8& bytes) {
    const auto size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code_point), bytes.data());
    return {reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(size)};
}

int combining_class_of(char32_t code_point) {
    return utf8proc_get_property(static_cast<utf8proc_int32_t>(code_point))->combining_class;
}

/// Where the code point before `at` begins.
std::size_t before(std::string_view text, std::size_t at) {
    do --at;
    while (at > 0 && is_continuation(text[at]));
    return at;
}

}  // namespace

void TextFolder::append(std::string_view bytes, std::size_t at) {
    text_ += bytes;
    if (origins_ == Origins::kept) {
        origin_.insert(origin_.end(), bytes.size(), static_cast<std::uint32_t>(at));
    }
}

void TextFolder::add_visible(std::string_view bytes, std::size_t at, bool is_letter, bool is_cjk) {
    if (hyphen_pending_) {
        if (is_letter)
            space_pending_ = false;
        else if (!hyphen_is_soft_)
            append("-", hyphen_at_);
        hyphen_pending_ = false;
    }
    if (space_pending_) {
        if (!text_.empty() && !after_cjk_ && !is_cjk) append(" ", space_at_);
        space_pending_ = false;
    }
    if (marks_open_ > 0) settled_ = text_.size();
    for (; marks_open_ > 0; --marks_open_) marks_.push_back(text_.size());
    append(bytes, at);
    after_letter_ = is_letter;
    after_cjk_ = is_cjk;
}

/// In canonical order behind its letter, however the source has them.
void TextFolder::add_combining(std::string_view bytes, std::size_t at, int combining_class) {
    std::size_t place = text_.size();
    while (combining_class > 0 && place > settled_) {
        const auto previous = before(text_, place);
        const auto there =
            combining_class_of(decode(std::string_view(text_).substr(previous)).code_point);
        if (there <= combining_class) break;
        place = previous;
    }
    text_.insert(place, bytes);
    if (origins_ == Origins::kept) {
        origin_.insert(origin_.begin() + static_cast<std::ptrdiff_t>(place), bytes.size(),
                       static_cast<std::uint32_t>(at));
    }
}

void TextFolder::add_hyphen(std::size_t at, bool is_soft) {
    if (!after_letter_ || space_pending_ || hyphen_pending_) {
        if (!is_soft) add_visible("-", at, false, false);
        return;
    }
    hyphen_pending_ = true;
    hyphen_is_soft_ = is_soft;
    hyphen_at_ = at;
}

void TextFolder::add_ascii(char c, std::size_t at) {
    if (is_space(c)) {
        if (!space_pending_) space_at_ = at;
        space_pending_ = true;
    } else if (c == '-' && folding_ == Folding::typography) {
        add_hyphen(at, false);
    } else {
        add_visible({&c, 1}, at, is_ascii_letter(c), false);
    }
}

void TextFolder::add_decomposed(char32_t code_point, std::size_t at, bool is_cjk) {
    Utf8 buffer{};
    switch (kind_of(code_point)) {
        case Kind::space:
            if (!space_pending_) space_at_ = at;
            space_pending_ = true;
            break;
        case Kind::combining:
            if (!space_pending_ && !hyphen_pending_ && marks_open_ == 0 && !text_.empty()) {
                add_combining(encode(code_point, buffer), at, combining_class_of(code_point));
                break;
            }
            add_visible(encode(code_point, buffer), at, false, is_cjk);
            break;
        case Kind::letter:
            add_visible(encode(code_point, buffer), at, true, is_cjk);
            break;
        case Kind::other:
            add_visible(encode(plain_form(code_point), buffer), at, false, is_cjk);
            break;
    }
}

/// The code point at `i`, which is not ASCII; gives the place behind it.
std::size_t TextFolder::add_foreign(std::string_view piece, std::size_t i) {
    const std::size_t at = source_bytes_ + i;
    const auto decoded = decode(piece.substr(i));
    if (folding_ == Folding::white_space || !decoded.is_valid) {
        for (std::size_t k = 0; k < decoded.bytes; ++k) {
            add_visible(piece.substr(i + k, 1), at + k, false, false);
        }
    } else if (is_hyphen(decoded.code_point)) {
        add_hyphen(at, decoded.code_point == 0xAD);
    } else {
        std::array<utf8proc_int32_t, 32> parts{};
        constexpr auto options =
            static_cast<utf8proc_option_t>(UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_IGNORE);
        constexpr auto parts_max = static_cast<utf8proc_ssize_t>(parts.size());
        int boundary = 0;
        const auto count =
            utf8proc_decompose_char(static_cast<utf8proc_int32_t>(decoded.code_point), parts.data(),
                                    parts_max, options, &boundary);
        const bool cjk = is_cjk(decoded.code_point);
        for (utf8proc_ssize_t k = 0; k < std::min(count, parts_max); ++k) {
            add_decomposed(static_cast<char32_t>(parts[static_cast<std::size_t>(k)]), at, cjk);
        }
    }
    return i + decoded.bytes;
}

void TextFolder::add(std::string_view piece) {
    for (std::size_t i = 0; i < piece.size();) {
        if (static_cast<unsigned char>(piece[i]) < 0x80) {
            add_ascii(piece[i], source_bytes_ + i);
            ++i;
        } else {
            i = add_foreign(piece, i);
        }
    }
    source_bytes_ += piece.size();
}

void TextFolder::finish() {
    for (; marks_open_ > 0; --marks_open_) marks_.push_back(text_.size());
}

FoldedText::FoldedText(std::string_view source, Folding folding)
    : source_(source), folder_(folding, TextFolder::Origins::kept) {
    folder_.add(source);
    folder_.finish();
}

TextRange FoldedText::source_of(const TextRange& folded) const {
    const auto& origins = folder_.origins();
    TextRange range{origins.at(folded.begin), 0};
    for (std::size_t i = folded.begin; i < folded.end; ++i) {
        range.begin = std::min<std::size_t>(range.begin, origins.at(i));
        range.end = std::max<std::size_t>(range.end, origins.at(i));
    }
    do ++range.end;
    while (range.end < source_.size() && is_continuation(source_[range.end]));
    return range;
}

std::string fold(std::string_view text, Folding folding) {
    TextFolder folder(folding, TextFolder::Origins::forgotten);
    folder.add(text);
    folder.finish();
    return folder.text();
}

std::size_t find_folded(std::string_view text, std::string_view wanted, std::size_t from) {
    for (auto at = text.find(wanted, from); at != std::string_view::npos;
         at = text.find(wanted, at + 1)) {
        const auto rest = text.substr(at + wanted.size());
        if (rest.empty() || static_cast<unsigned char>(rest[0]) < 0x80) return at;
        if (kind_of(decode(rest).code_point) != Kind::combining) return at;
    }
    return std::string_view::npos;
}

bool is_word_character(char32_t code_point) {
    if (is_cjk(code_point)) return false;
    const auto kind = kind_of(code_point);
    if (kind == Kind::letter || kind == Kind::combining) return true;
    const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(code_point));
    return category == UTF8PROC_CATEGORY_ND || category == UTF8PROC_CATEGORY_NL;
}

std::u32string to_code_points(std::string_view utf8) {
    std::u32string code_points;
    code_points.reserve(utf8.size());
    while (!utf8.empty()) {
        const auto decoded = decode(utf8);
        code_points.push_back(decoded.is_valid ? decoded.code_point : U'\uFFFD');
        utf8.remove_prefix(decoded.bytes);
    }
    return code_points;
}

std::size_t bytes_of_code_points(std::string_view utf8, std::size_t count) {
    std::size_t at = 0;
    for (; count > 0 && at < utf8.size(); --count) {
        do ++at;
        while (at < utf8.size() && is_continuation(utf8[at]));
    }
    return at;
}

std::string_view first_code_points(std::string_view utf8, std::size_t count) {
    return utf8.substr(0, bytes_of_code_points(utf8, count));
}

std::string_view last_code_points(std::string_view utf8, std::size_t count) {
    std::size_t at = utf8.size();
    for (; count > 0 && at > 0; --count) at = before(utf8, at);
    return utf8.substr(at);
}

}  // namespace stoa
