// SPDX-License-Identifier: Apache-2.0
// What Base58 reads it writes again, letter by letter; what it writes it reads.
#include "crypto/base58.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace crypto = stoa::crypto;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    if (const auto decoded = crypto::from_base58(bytes)) {
        if (crypto::to_base58(*decoded) != bytes) std::abort();
    }
    if (size <= crypto::base58_bytes_max) {
        if (crypto::from_base58(crypto::to_base58(bytes)) != bytes) std::abort();
    }
    return 0;
}
