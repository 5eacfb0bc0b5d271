// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"

namespace stoa {
namespace {

bool is_continuation(unsigned char c) { return (c & 0xC0) == 0x80; }

/// The length of the well-formed sequence at the start of `s`, 0 if there is none (RFC 3629, 4).
std::size_t sequence_length(std::string_view s) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
    const auto tail = [&](std::size_t count) {
        if (s.size() < count) return false;
        for (std::size_t i = 2; i < count; ++i) {
            if (!is_continuation(byte(i))) return false;
        }
        return true;
    };
    const unsigned char lead = byte(0);
    if (lead < 0x80) return 1;
    if (s.size() < 2) return 0;
    const unsigned char second = byte(1);
    if (lead >= 0xC2 && lead <= 0xDF) return is_continuation(second) ? 2 : 0;
    if (lead >= 0xE0 && lead <= 0xEF) {
        const unsigned char low = lead == 0xE0 ? 0xA0 : 0x80;
        const unsigned char high = lead == 0xED ? 0x9F : 0xBF;
        return second >= low && second <= high && tail(3) ? 3 : 0;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        const unsigned char low = lead == 0xF0 ? 0x90 : 0x80;
        const unsigned char high = lead == 0xF4 ? 0x8F : 0xBF;
        return second >= low && second <= high && tail(4) ? 4 : 0;
    }
    return 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = sequence_length(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

std::size_t count_code_points(std::string_view text) {
    std::size_t count = 0;
    for (const char c : text) count += is_continuation(static_cast<unsigned char>(c)) ? 0U : 1U;
    return count;
}

std::string_view cut_utf8(std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return text;
    while (bytes_max > 0 && is_continuation(static_cast<unsigned char>(text[bytes_max])))
        --bytes_max;
    return text.substr(0, bytes_max);
}

std::vector<std::string> split_commas(std::string_view text) {
    std::vector<std::string> items;
    while (!text.empty()) {
        const auto comma = text.find(',');
        auto item = text.substr(0, comma);
        while (item.starts_with(' ')) item.remove_prefix(1);
        while (item.ends_with(' ')) item.remove_suffix(1);
        if (!item.empty()) items.emplace_back(item);
        text = comma == std::string_view::npos ? "" : text.substr(comma + 1);
    }
    return items;
}

}  // namespace stoa
