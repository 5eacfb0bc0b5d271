// SPDX-License-Identifier: Apache-2.0
// Bytes as this module takes them: `std::string_view` in, `std::string` out where the length
// varies, `ByteArray<N>` where it is fixed. Views only; any thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace stoa::crypto {

template <std::size_t N>
using ByteArray = std::array<std::uint8_t, N>;

/// The bytes of an array, to be hashed, encoded or stored.
template <std::size_t N>
std::string_view view(const ByteArray<N>& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), N};
}

inline const std::uint8_t* data(std::string_view bytes) {
    return reinterpret_cast<const std::uint8_t*>(bytes.data());
}

/// `bytes` as an array if there are exactly N of them.
template <std::size_t N>
std::optional<ByteArray<N>> to_array(std::string_view bytes) {
    if (bytes.size() != N) return std::nullopt;
    ByteArray<N> array;
    std::copy_n(data(bytes), N, array.begin());
    return array;
}

}  // namespace stoa::crypto
