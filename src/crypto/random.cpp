// SPDX-License-Identifier: Apache-2.0
#include "crypto/random.hpp"

#include "crypto/base64.hpp"

#include <sodium.h>

namespace stoa::crypto {

std::string random_bytes(std::size_t count) {
    std::string bytes(count, '\0');
    randombytes_buf(bytes.data(), bytes.size());
    return bytes;
}

std::string random_token(std::size_t bytes) { return to_base64url(random_bytes(bytes)); }

}  // namespace stoa::crypto
