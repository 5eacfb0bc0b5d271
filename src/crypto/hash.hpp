// SPDX-License-Identifier: Apache-2.0
// SHA-256 (FIPS 180-4), at once or piece by piece, HMAC-SHA-256 (RFC 2104) and hexadecimal. OpenSSL
// hashes, so that processors with SHA instructions use them; what is keyed is short, and libsodium
// begins sooner. A `Sha256` belongs to one thread; all else is pure.
#pragma once

#include "crypto/bytes.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <sodium/crypto_auth_hmacsha256.h>

struct evp_md_ctx_st;

namespace stoa::crypto {

using Digest = ByteArray<32>;

/// The hash of what passes by: an upload, a file read in pieces.
class Sha256 {
  public:
    Sha256();
    void update(std::string_view bytes);
    /// The digest of everything so far; the object then starts anew.
    Digest finish();

  private:
    struct Free {
        void operator()(evp_md_ctx_st* context) const;
    };
    std::unique_ptr<evp_md_ctx_st, Free> context_;
};

Digest sha256(std::string_view bytes);

/// HMAC-SHA-256 (RFC 2104) of many texts under one key, which is read once and wiped at the end.
class HmacSha256 {
  public:
    explicit HmacSha256(std::string_view key);
    HmacSha256(const HmacSha256&) = default;
    HmacSha256& operator=(const HmacSha256&) = default;
    ~HmacSha256();
    [[nodiscard]] Digest operator()(std::string_view bytes) const;

  private:
    crypto_auth_hmacsha256_state keyed_;
};

Digest hmac_sha256(std::string_view key, std::string_view bytes);

/// Lower-case hexadecimal.
std::string to_hex(std::string_view bytes);
template <std::size_t N>
std::string to_hex(const ByteArray<N>& bytes) {
    return to_hex(view(bytes));
}
/// Hexadecimal of either case and even length; nothing otherwise.
std::optional<std::string> from_hex(std::string_view text);

/// Compares without telling by its time where the difference is.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace stoa::crypto
