// SPDX-License-Identifier: Apache-2.0
#include "base/id.hpp"

#include <chrono>
#include <stdexcept>

#include <sys/random.h>

namespace stoa {
namespace {

constexpr std::string_view hex = "0123456789abcdef";

int nibble(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool is_dash(std::size_t position) {
    return position == 8 || position == 13 || position == 18 || position == 23;
}

}  // namespace

Uuid make_uuid() {
    Uuid uuid;
    if (getrandom(uuid.data(), uuid.size(), 0) != static_cast<ssize_t>(uuid.size())) {
        throw std::runtime_error("getrandom failed");
    }
    using namespace std::chrono;
    const auto now = duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
    for (std::size_t i = 0; i < 6; ++i) {
        uuid[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(now) >> (40 - 8 * i));
    }
    uuid[6] = static_cast<std::uint8_t>((uuid[6] & 0x0F) | 0x70);
    uuid[8] = static_cast<std::uint8_t>((uuid[8] & 0x3F) | 0x80);
    return uuid;
}

std::optional<Uuid> parse_uuid(std::string_view text) {
    if (text.size() != 36) return std::nullopt;
    Uuid uuid;
    std::size_t digit = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (is_dash(i)) {
            if (text[i] != '-') return std::nullopt;
            continue;
        }
        const int value = nibble(text[i]);
        if (value < 0) return std::nullopt;
        auto& byte = uuid[digit / 2];
        byte = static_cast<std::uint8_t>(digit % 2 == 0 ? value << 4 : byte | value);
        ++digit;
    }
    return uuid;
}

std::string to_string(const Uuid& uuid) {
    std::string text;
    text.reserve(36);
    for (const auto byte : uuid) {
        if (is_dash(text.size())) text.push_back('-');
        text.push_back(hex[byte >> 4]);
        text.push_back(hex[byte & 15]);
    }
    return text;
}

}  // namespace stoa
