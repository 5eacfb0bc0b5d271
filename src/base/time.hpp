// SPDX-License-Identifier: Apache-2.0
// Wall-clock time as stored (timestamptz, microseconds, UTC) and as shown (RFC 3339 with `Z`).
// Whoever needs "now" for a rule takes a `Clock`, so that a test can set it. Any thread.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace stoa {

using Time = std::chrono::sys_time<std::chrono::microseconds>;
using Clock = std::function<Time()>;

inline Time now() {
    return std::chrono::time_point_cast<std::chrono::microseconds>(
        std::chrono::system_clock::now());
}

/// "2026-11-22T18:40:00.123456Z"; whole seconds have no fraction.
std::string to_rfc3339(Time time);
void append_rfc3339(std::string& out, Time time);
inline constexpr std::size_t rfc3339_text_size_max = 32;  // "-32768-12-31T23:59:59.999999Z" is 29
/// Writes at most `rfc3339_text_size_max` characters and returns where they end.
char* write_rfc3339(char* at, Time time);
/// RFC 3339 with `Z` or a numeric offset; a fraction past microseconds is cut. Anything else:
/// nothing.
std::optional<Time> parse_rfc3339(std::string_view text);

}  // namespace stoa
