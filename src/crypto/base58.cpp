// SPDX-License-Identifier: Apache-2.0
#include "crypto/base58.hpp"

#include <algorithm>
#include <stdexcept>

namespace stoa::crypto {
namespace {

constexpr std::string_view alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
// log(256) / log(58) < 1.366: no more characters than this can stand for the largest value.
constexpr std::size_t text_max = base58_bytes_max * 1366 / 1000 + 1;

/// Rewrites `digits` of base `from` (most significant first) into base `to`, least significant
/// first.
std::string convert(std::string_view digits, unsigned from, unsigned to) {
    std::string converted;
    for (const char digit : digits) {
        auto carry = static_cast<unsigned>(static_cast<unsigned char>(digit));
        for (char& place : converted) {
            carry += static_cast<unsigned char>(place) * from;
            place = static_cast<char>(carry % to);
            carry /= to;
        }
        for (; carry != 0; carry /= to) converted += static_cast<char>(carry % to);
    }
    return converted;
}

std::size_t count_leading(std::string_view text, char c) {
    return std::min(text.find_first_not_of(c), text.size());
}

}  // namespace

std::string to_base58(std::string_view bytes) {
    if (bytes.size() > base58_bytes_max) throw std::length_error("too long for Base58");
    std::string text(count_leading(bytes, '\0'), alphabet[0]);
    auto digits = convert(bytes.substr(text.size()), 256, 58);
    std::reverse(digits.begin(), digits.end());
    for (const char digit : digits) text += alphabet[static_cast<std::size_t>(digit)];
    return text;
}

std::optional<std::string> from_base58(std::string_view text) {
    if (text.size() > text_max) return std::nullopt;
    std::string digits;
    for (const char c : text) {
        const auto digit = alphabet.find(c);
        if (digit == std::string_view::npos) return std::nullopt;
        digits += static_cast<char>(digit);
    }
    std::string bytes(count_leading(text, alphabet[0]), '\0');
    auto tail = convert(std::string_view(digits).substr(bytes.size()), 58, 256);
    std::reverse(tail.begin(), tail.end());
    bytes += tail;
    if (bytes.size() > base58_bytes_max) return std::nullopt;
    return bytes;
}

}  // namespace stoa::crypto
