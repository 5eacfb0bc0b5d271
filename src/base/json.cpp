// SPDX-License-Identifier: Apache-2.0
#include "base/json.hpp"

#include "base/number.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include <boost/json/parse.hpp>

namespace stoa::json {

Result<Value> parse(std::string_view text) {
    boost::json::parse_options options;
    options.max_depth = 32;
    boost::system::error_code error;
    auto value = boost::json::parse(text, error, {}, options);
    if (!error) return value;
    if (!is_utf8(text)) {
        return fail(ErrorKind::malformed, "malformed_json", "The JSON text is not valid UTF-8.");
    }
    return fail(ErrorKind::malformed, "malformed_json",
                error == boost::json::error::too_deep
                    ? "The JSON text is nested deeper than 32 levels."
                    : "The body is not valid JSON: " + error.message() + ".");
}

namespace {

bool is_plain(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; }

/// The first byte from `at` on that a JSON string has to escape; the text's size if there is none.
/// Eight at a time: subtracting makes a byte borrow, and so set its top bit, only if it is small.
std::size_t find_escape(std::string_view text, std::size_t at) {
    constexpr std::uint64_t ones = 0x0101010101010101;
    constexpr std::uint64_t top_bits = 0x80 * ones;
    const auto with_zero = [](std::uint64_t word) { return (word - ones) & ~word; };
    for (std::uint64_t word = 0; at + sizeof(word) <= text.size(); at += sizeof(word)) {
        std::memcpy(&word, text.data() + at, sizeof(word));
        const auto controls = (word - 0x20 * ones) & ~word;
        const auto quotes = with_zero(word ^ ('"' * ones));
        const auto backslashes = with_zero(word ^ ('\\' * ones));
        if (((controls | quotes | backslashes) & top_bits) != 0) break;
    }
    while (at < text.size() && is_plain(text[at])) ++at;
    return at;
}

void append_escape(std::string& out, char c) {
    static constexpr std::string_view hex = "0123456789abcdef";
    switch (c) {
        case '"':
            out += "\\\"";
            break;
        case '\\':
            out += "\\\\";
            break;
        case '\n':
            out += "\\n";
            break;
        case '\r':
            out += "\\r";
            break;
        case '\t':
            out += "\\t";
            break;
        default:
            out += "\\u00";
            out.push_back(hex[static_cast<unsigned char>(c) >> 4]);
            out.push_back(hex[c & 15]);
    }
}

}  // namespace

void append_string(std::string& out, std::string_view text) {
    out.push_back('"');
    for (std::size_t from = 0;;) {
        const std::size_t escape = find_escape(text, from);
        out.append(text, from, escape - from);
        if (escape == text.size()) break;
        append_escape(out, text[escape]);
        from = escape + 1;
    }
    out.push_back('"');
}

void append_string(std::string& out, const Uuid& uuid) {
    std::array<char, uuid_text_size + 2> text;
    text.front() = text.back() = '"';
    write_uuid(text.data() + 1, uuid);
    out.append(text.data(), text.size());
}

void append_string(std::string& out, Time time) {
    std::array<char, rfc3339_text_size_max + 2> text;
    text.front() = '"';
    char* const end = write_rfc3339(text.data() + 1, time);
    *end = '"';
    out.append(text.data(), end + 1);
}

void append_number(std::string& out, std::int64_t number) {
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out.append(digits.data(), end);
}

void append_number(std::string& out, double number) {
    if (!std::isfinite(number)) {
        out += "null";
        return;
    }
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out.append(digits.data(), end);
}

void Reader::wrong(std::string_view type, std::string message) {
    constexpr std::size_t errors_max = 50;
    if (errors_.size() < errors_max) {
        errors_.push_back({path_, std::move(message), std::string(type)});
    }
}

void Reader::read_string(const Value& from, std::string& to) { read_text(from, to, 0, 1'000'000); }

void Reader::read_text(const Value& from, std::string& to, std::size_t min, std::size_t max) {
    if (!from.is_string()) return wrong("string_type", "Input should be a string");
    const std::string_view text(from.get_string());
    if (text.find('\0') != std::string_view::npos) {
        return wrong("string_nul", "Input should not hold the character U+0000");
    }
    const std::size_t length = count_code_points(text);
    if (length < min) {
        return wrong("string_too_short",
                     "String should have at least " + std::to_string(min) + " characters");
    }
    if (length > max) {
        return wrong("string_too_long",
                     "String should have at most " + std::to_string(max) + " characters");
    }
    to = text;
}

void Reader::read_integer(const Value& from, long long& to, long long min, long long max) {
    boost::system::error_code error;
    const auto number = from.is_number() ? from.to_number<std::int64_t>(error) : 0;
    if (!from.is_number() || error) return wrong("int_type", "Input should be a whole number");
    if (number < min) {
        return wrong("greater_than_equal",
                     "Input should be greater than or equal to " + std::to_string(min));
    }
    if (number > max) {
        return wrong("less_than_equal",
                     "Input should be less than or equal to " + std::to_string(max));
    }
    to = number;
}

void Reader::read_time(const Value& from, Time& to) {
    const auto time =
        from.is_string() ? parse_rfc3339(std::string_view(from.get_string())) : std::nullopt;
    if (!time)
        return wrong("datetime_parsing",
                     "Input should be an RFC 3339 time such as 2026-01-31T12:00:00Z");
    to = *time;
}

void Reader::read_big(const Value& from, BigInt& to) {
    if (!from.is_string()) {
        long long number = 0;
        read_integer(from, number, INT64_MIN, INT64_MAX);
        to.value = number;
        return;
    }
    const auto number = parse_number<std::int64_t>(std::string_view(from.get_string()));
    if (!number) return wrong("int_parsing", "Input should be a whole number that fits 64 bits");
    to.value = *number;
}

const boost::json::object* Reader::object(const Value& from) {
    const auto* fields = from.if_object();
    if (fields == nullptr) wrong("model_type", "Input should be an object");
    return fields;
}

const boost::json::array* Reader::array(const Value& from, std::size_t items_max) {
    const auto* items = from.if_array();
    if (items == nullptr) {
        wrong("list_type", "Input should be a list");
    } else if (items->size() > items_max) {
        wrong("too_long", "List should have at most " + std::to_string(items_max) + " items");
        return nullptr;
    }
    return items;
}

void Reader::refuse_unknown(const boost::json::object& fields,
                            std::span<const std::string_view> known) {
    for (const auto& field : fields) {
        if (std::ranges::find(known, std::string_view(field.key())) != known.end()) continue;
        path_.emplace_back(cut_utf8(field.key(), 64));
        wrong("extra_forbidden", "Extra inputs are not permitted");
        path_.pop_back();
    }
}

}  // namespace stoa::json
