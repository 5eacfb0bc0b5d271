// SPDX-License-Identifier: Apache-2.0
// Text as this system takes it: valid UTF-8 without NUL, with its length in code points bounded by
// its type, so that a function that gets a `Text<1, 255>` need not ask again. Values; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stoa {

/// Well-formed UTF-8 (RFC 3629: no overlong forms, surrogates or values past U+10FFFF).
bool is_utf8(std::string_view text);
/// The number of code points of well-formed UTF-8.
std::size_t count_code_points(std::string_view text);
/// At most `bytes_max` bytes of `text`, cut between code points.
std::string_view cut_utf8(std::string_view text, std::size_t bytes_max);

/// The items between the commas, without blanks around them; empty ones are left out.
std::vector<std::string> split_commas(std::string_view text);

/// A string of Min…Max code points; `json::read` refuses any other length.
template <std::size_t Min, std::size_t Max>
struct Text {
    std::string value;
};

template <std::size_t Min, std::size_t Max>
std::optional<std::string> text_of(const std::optional<Text<Min, Max>>& text) {
    return text ? std::optional(text->value) : std::nullopt;
}

/// An integer of Min…Max; `json::read` refuses any other value.
template <long long Min, long long Max>
struct Int {
    long long value = Min;
};

}  // namespace stoa
