// SPDX-License-Identifier: Apache-2.0
#include "base/time.hpp"

#include <array>
#include <cstdlib>

namespace stoa {
namespace {

/// Reads `digits` decimal digits at `at` and moves on; -1 if they are not all digits.
int read_number(std::string_view text, std::size_t& at, std::size_t digits) {
    if (at + digits > text.size()) return -1;
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i, ++at) {
        if (text[at] < '0' || text[at] > '9') return -1;
        value = value * 10 + (text[at] - '0');
    }
    return value;
}

bool read_char(std::string_view text, std::size_t& at, std::string_view any_of) {
    if (at >= text.size() || any_of.find(text[at]) == std::string_view::npos) return false;
    ++at;
    return true;
}

std::optional<std::chrono::microseconds> read_fraction(std::string_view text, std::size_t& at) {
    if (at >= text.size() || text[at] != '.') return std::chrono::microseconds(0);
    ++at;
    int micros = 0;
    int digits = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, ++digits) {
        if (digits < 6) micros = micros * 10 + (text[at] - '0');
    }
    if (digits == 0) return std::nullopt;
    for (int i = digits; i < 6; ++i) micros *= 10;
    return std::chrono::microseconds(micros);
}

std::optional<std::chrono::minutes> read_offset(std::string_view text, std::size_t& at) {
    if (at >= text.size()) return std::nullopt;
    const char sign = text[at++];
    if (sign == 'Z' || sign == 'z') return std::chrono::minutes(0);
    if (sign != '+' && sign != '-') return std::nullopt;
    const int hours = read_number(text, at, 2);
    if (hours < 0 || hours > 23 || !read_char(text, at, ":")) return std::nullopt;
    const int minutes = read_number(text, at, 2);
    if (minutes < 0 || minutes > 59) return std::nullopt;
    const std::chrono::minutes offset(hours * 60 + minutes);
    return sign == '-' ? -offset : offset;
}

/// Writes `value` as exactly `digits` decimal digits and returns where it ended.
char* write_digits(char* to, unsigned value, int digits) {
    for (int i = digits - 1; i >= 0; --i, value /= 10) to[i] = static_cast<char>('0' + value % 10);
    return to + digits;
}

}  // namespace

std::string to_rfc3339(Time time) {
    std::string text;
    append_rfc3339(text, time);
    return text;
}

void append_rfc3339(std::string& out, Time time) {
    std::array<char, rfc3339_text_size_max> text;
    out.append(text.data(), write_rfc3339(text.data(), time));
}

char* write_rfc3339(char* at, Time time) {
    using namespace std::chrono;
    const auto day = floor<days>(time);
    const year_month_day date(day);
    const hh_mm_ss clock(time - day);
    const int year = static_cast<int>(date.year());
    const auto number = [](auto part) { return static_cast<unsigned>(part.count()); };
    if (year < 0) *at++ = '-';
    at = write_digits(at, static_cast<unsigned>(std::abs(year)), std::abs(year) > 9'999 ? 5 : 4);
    *at++ = '-';
    at = write_digits(at, static_cast<unsigned>(date.month()), 2);
    *at++ = '-';
    at = write_digits(at, static_cast<unsigned>(date.day()), 2);
    *at++ = 'T';
    at = write_digits(at, number(clock.hours()), 2);
    *at++ = ':';
    at = write_digits(at, number(clock.minutes()), 2);
    *at++ = ':';
    at = write_digits(at, number(clock.seconds()), 2);
    if (const unsigned micros = number(clock.subseconds()); micros != 0) {
        *at++ = '.';
        at = write_digits(at, micros, 6);
    }
    *at++ = 'Z';
    return at;
}

std::optional<Time> parse_rfc3339(std::string_view text) {
    using namespace std::chrono;
    std::size_t at = 0;
    const int y = read_number(text, at, 4);
    if (y < 0 || !read_char(text, at, "-")) return std::nullopt;
    const int mo = read_number(text, at, 2);
    if (mo < 0 || !read_char(text, at, "-")) return std::nullopt;
    const int d = read_number(text, at, 2);
    if (d < 0 || !read_char(text, at, "Tt")) return std::nullopt;
    const int h = read_number(text, at, 2);
    if (h < 0 || h > 23 || !read_char(text, at, ":")) return std::nullopt;
    const int mi = read_number(text, at, 2);
    if (mi < 0 || mi > 59 || !read_char(text, at, ":")) return std::nullopt;
    const int s = read_number(text, at, 2);
    if (s < 0 || s > 60) return std::nullopt;
    const auto fraction = read_fraction(text, at);
    if (!fraction) return std::nullopt;
    const auto offset = read_offset(text, at);
    if (!offset || at != text.size()) return std::nullopt;
    const year_month_day date(year(y), month(static_cast<unsigned>(mo)),
                              day(static_cast<unsigned>(d)));
    if (!date.ok()) return std::nullopt;
    return Time(sys_days(date)) + hours(h) + minutes(mi) + seconds(s) + *fraction - *offset;
}

}  // namespace stoa
