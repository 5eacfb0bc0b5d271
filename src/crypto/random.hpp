// SPDX-License-Identifier: Apache-2.0
// Unguessable bytes from the system's generator, for keys, nonces and tokens. Any thread.
#pragma once

#include <cstddef>
#include <string>

namespace stoa::crypto {

std::string random_bytes(std::size_t count);

/// `bytes` random bytes as Base64url: for refresh tokens and tickets, of which only hashes are
/// kept.
std::string random_token(std::size_t bytes = 32);

}  // namespace stoa::crypto
