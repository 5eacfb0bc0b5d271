// SPDX-License-Identifier: Apache-2.0
// What lies at rest under a key: XChaCha20-Poly1305 with a random nonce in front of the ciphertext.
// `purpose` is authenticated but not stored: a box sealed for one row cannot be opened as
// another's. Pure; any thread.
#pragma once

#include "crypto/bytes.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace stoa::crypto {

using SecretKey = ByteArray<32>;

/// 24 bytes of nonce, then the ciphertext with its 16-byte tag.
std::string seal(std::string_view plain, const SecretKey& key, std::string_view purpose);
/// The plain bytes; nothing if key or purpose differ or a bit was changed.
std::optional<std::string> open(std::string_view box, const SecretKey& key,
                                std::string_view purpose);

}  // namespace stoa::crypto
