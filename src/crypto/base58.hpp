// SPDX-License-Identifier: Apache-2.0
// Base58 with Bitcoin's alphabet, as Solana writes keys (32 bytes) and signatures (64 bytes). The
// cost grows with the square of the length, so both directions are bounded. Pure; any thread.
#pragma once

#include "crypto/bytes.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace stoa::crypto {

inline constexpr std::size_t base58_bytes_max = 128;

/// At most `base58_bytes_max` bytes; more throws std::length_error.
std::string to_base58(std::string_view bytes);
/// The bytes; nothing if there is a character of another alphabet or more than fits the bound.
std::optional<std::string> from_base58(std::string_view text);

/// A Base58 text of exactly N bytes: `from_base58_array<32>(address)`.
template <std::size_t N>
std::optional<ByteArray<N>> from_base58_array(std::string_view text) {
    const auto bytes = from_base58(text);
    return bytes ? to_array<N>(*bytes) : std::nullopt;
}

}  // namespace stoa::crypto
