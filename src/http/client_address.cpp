// SPDX-License-Identifier: Apache-2.0
#include "http/client.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <netinet/in.h>
#include <sys/socket.h>

namespace stoa::http {
namespace {

bool is_public_ipv4(std::uint32_t address) {
    struct Block {
        std::uint32_t prefix;
        int bits;
    };
    // Every block the IANA special-purpose registry does not list as globally reachable.
    static constexpr std::array blocks{
        Block{0x00000000, 8},  Block{0x0A000000, 8},  Block{0x64400000, 10}, Block{0x7F000000, 8},
        Block{0xA9FE0000, 16}, Block{0xAC100000, 12}, Block{0xC0000000, 24}, Block{0xC0000200, 24},
        Block{0xC0586300, 24}, Block{0xC0A80000, 16}, Block{0xC6120000, 15}, Block{0xC6336400, 24},
        Block{0xCB007100, 24}, Block{0xE0000000, 4},  Block{0xF0000000, 4}};
    return std::ranges::none_of(blocks, [address](const Block& block) {
        return (address ^ block.prefix) >> (32 - block.bits) == 0;
    });
}

/// Only 2000::/3 is global unicast; of it, what embeds an IPv4 address or is for documentation
/// goes.
bool is_public_ipv6(const std::array<std::uint8_t, 16>& bytes) {
    const auto ipv4_at = [&](std::size_t i) {
        return static_cast<std::uint32_t>(bytes[i]) << 24 |
               static_cast<std::uint32_t>(bytes[i + 1]) << 16 |
               static_cast<std::uint32_t>(bytes[i + 2]) << 8 | bytes[i + 3];
    };
    static constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    // 64:ff9b::/96; a network's own 64:ff9b:1::/48 is not global.
    static constexpr std::array<std::uint8_t, 12> nat64{0, 0x64, 0xFF, 0x9B};
    if (std::equal(mapped.begin(), mapped.end(), bytes.begin()) ||
        std::equal(nat64.begin(), nat64.end(), bytes.begin())) {
        return is_public_ipv4(ipv4_at(12));
    }
    if ((bytes[0] & 0xE0) != 0x20) return false;
    if (bytes[0] == 0x20 && bytes[1] == 0x02) return is_public_ipv4(ipv4_at(2));
    const bool teredo_or_special = bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] < 0x02;
    const bool documentation =
        (bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] == 0x0D && bytes[3] == 0xB8) ||
        (bytes[0] == 0x3F && bytes[1] == 0xFF && bytes[2] < 0x10);
    return !teredo_or_special && !documentation;
}

}  // namespace

bool is_public_address(const sockaddr* address) {
    if (address->sa_family == AF_INET) {
        sockaddr_in ipv4;
        std::memcpy(&ipv4, address, sizeof ipv4);
        return is_public_ipv4(ntohl(ipv4.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6) {
        sockaddr_in6 ipv6;
        std::memcpy(&ipv6, address, sizeof ipv6);
        std::array<std::uint8_t, 16> bytes;
        std::memcpy(bytes.data(), &ipv6.sin6_addr, bytes.size());
        return is_public_ipv6(bytes);
    }
    return false;
}

}  // namespace stoa::http
