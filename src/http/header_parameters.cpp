// SPDX-License-Identifier: Apache-2.0
#include "http/header_parameters.hpp"

#include "base/text.hpp"
#include "http/url.hpp"

#include <algorithm>
#include <array>

namespace stoa::http {
namespace {

constexpr std::size_t parameters_max = 16;
constexpr std::size_t file_name_bytes_max = 255;

std::string latin1_to_utf8(std::string_view text) {
    std::string utf8;
    utf8.reserve(text.size() * 2);
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            utf8.push_back(c);
        } else {
            utf8.push_back(static_cast<char>(0xC0 | (byte >> 6)));
            utf8.push_back(static_cast<char>(0x80 | (byte & 0x3F)));
        }
    }
    return utf8;
}

/// The bytes of the control character at the start of UTF-8, 0 if there is none. Beside ASCII's
/// these are U+0080 to U+009F, line and paragraph separators, and what turns the direction of
/// writing (U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069): "gpj.exe" must not look like
/// "exe.jpg".
std::size_t control_length(std::string_view utf8) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(utf8[i]); };
    if (byte(0) < 0x20 || byte(0) == 0x7F) return 1;
    if (byte(0) == 0xC2 && byte(1) < 0xA0) return 2;
    if (!utf8.starts_with("\xE2\x80") && !utf8.starts_with("\xE2\x81")) return 0;
    const auto last = byte(2);
    const bool turns = byte(1) == 0x80
                           ? last == 0x8E || last == 0x8F || (last >= 0xA8 && last <= 0xAE)
                           : last >= 0xA6 && last <= 0xA9;
    return turns ? 3 : 0;
}

/// Takes a quoted string off `rest`, which starts with '"'. Only \" and \\ are escapes: older
/// browsers send Windows paths with bare backslashes.
std::optional<std::string> take_quoted(std::string_view& rest) {
    std::string value;
    for (std::size_t i = 1; i < rest.size(); ++i) {
        if (rest[i] == '"') {
            rest.remove_prefix(i + 1);
            return value;
        }
        const bool escape =
            rest[i] == '\\' && i + 1 < rest.size() && (rest[i + 1] == '"' || rest[i + 1] == '\\');
        if (escape) ++i;
        value.push_back(rest[i]);
    }
    return std::nullopt;
}

}  // namespace

std::optional<Headers> parse_parameters(std::string_view rest) {
    Headers parameters;
    rest.remove_prefix(std::min(rest.find(';'), rest.size()));
    for (;;) {
        rest = trim_blanks(rest);
        if (rest.empty()) return parameters;
        if (rest.front() != ';' || parameters.size() == parameters_max) return std::nullopt;
        rest = trim_blanks(rest.substr(1));
        if (rest.empty() || rest.front() == ';') continue;
        const auto equals = rest.find('=');
        if (equals == 0 || equals > rest.find_first_of("; \t\"")) return std::nullopt;
        std::string name(rest.substr(0, equals));
        for (auto& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        rest.remove_prefix(equals + 1);
        std::string value;
        if (rest.starts_with('"')) {
            auto quoted = take_quoted(rest);
            if (!quoted) return std::nullopt;
            value = std::move(*quoted);
        } else {
            value = trim_blanks(rest.substr(0, rest.find(';')));
            rest.remove_prefix(std::min(rest.find(';'), rest.size()));
        }
        parameters.emplace_back(std::move(name), std::move(value));
    }
}

const std::string* find_parameter(const Headers& parameters, std::string_view lower_case_name) {
    for (const auto& [name, value] : parameters) {
        if (name == lower_case_name) return &value;
    }
    return nullptr;
}

std::optional<std::string> decode_extended_value(std::string_view value) {
    const auto first = value.find('\'');
    const auto second = first == std::string_view::npos ? first : value.find('\'', first + 1);
    if (second == std::string_view::npos) return std::nullopt;
    const auto charset = value.substr(0, first);
    auto decoded = percent_decode(value.substr(second + 1));
    if (!decoded) return std::nullopt;
    if (equals_ignoring_case(charset, "iso-8859-1")) return latin1_to_utf8(*decoded);
    if (!equals_ignoring_case(charset, "utf-8") || !is_utf8(*decoded)) return std::nullopt;
    return decoded;
}

std::string decode_browser_escapes(std::string_view text) {
    static constexpr std::array<std::pair<std::string_view, char>, 3> escapes{
        {{"%22", '"'}, {"%0D", '\r'}, {"%0A", '\n'}}};
    std::string decoded;
    decoded.reserve(text.size());
    while (!text.empty()) {
        const auto found = std::ranges::find_if(
            escapes, [&](const auto& escape) { return text.starts_with(escape.first); });
        const bool escaped = found != escapes.end();
        decoded.push_back(escaped ? found->second : text.front());
        text.remove_prefix(escaped ? found->first.size() : 1);
    }
    return decoded;
}

std::string clean_text(std::string_view text) {
    const std::string clean = is_utf8(text) ? std::string(text) : latin1_to_utf8(text);
    std::string kept;
    kept.reserve(clean.size());
    for (std::string_view rest = clean; !rest.empty();) {
        const auto unseen = control_length(rest);
        if (unseen == 0) kept.push_back(rest.front());
        rest.remove_prefix(std::max<std::size_t>(unseen, 1));
    }
    return kept;
}

std::string clean_file_name(std::string_view name) {
    const auto slash = name.find_last_of("/\\");
    if (slash != std::string_view::npos) name.remove_prefix(slash + 1);
    const auto clean = clean_text(name);
    if (clean == "." || clean == "..") return {};
    return std::string(cut_utf8(clean, file_name_bytes_max));
}

}  // namespace stoa::http
