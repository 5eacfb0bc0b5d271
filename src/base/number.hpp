// SPDX-License-Identifier: Apache-2.0
// A number that is the whole of a text: a port, a cursor, a setting. Pure; any thread.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace stoa {

/// The number that `text` is in decimal, if it is nothing else (no blanks, no '+') and fits N.
template <class N>
std::optional<N> parse_number(std::string_view text) {
    N number{};
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
    return number;
}

/// The same, from `least` to `most`.
template <class N>
std::optional<N> parse_number(std::string_view text, N least, N most) {
    const auto number = parse_number<N>(text);
    return number && *number >= least && *number <= most ? number : std::nullopt;
}

}  // namespace stoa
