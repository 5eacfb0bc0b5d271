// SPDX-License-Identifier: Apache-2.0
// JSON Web Tokens (RFC 7519) of one kind only: signed with Ed25519 (RFC 8037), header exactly
// `{"alg":"EdDSA","typ":"JWT","kid"}`. There is no algorithm to choose, so none can be confused:
// `none`, `HS256`, `crit`, embedded keys and unknown header fields are refused before any key is
// looked at. Pure; any thread.
#pragma once

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/ed25519.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace stoa::crypto {

inline constexpr std::size_t jwt_bytes_max = 4096;

/// RFC 7519's registered names; `sid` is the session. Times are Unix seconds.
struct JwtClaims {
    std::string iss;
    std::string aud;
    std::string sub;
    std::string sid;
    std::string jti;
    std::int64_t iat = 0;
    std::int64_t exp = 0;
};
BOOST_DESCRIBE_STRUCT(JwtClaims, (), (iss, aud, sub, sid, jti, iat, exp))

std::string encode_jwt(const JwtClaims& claims, std::string_view kid, const KeyPair& keys);

struct JwtRules {
    std::string issuer;
    std::string audience;
    std::chrono::seconds clock_skew_max{5};  ///< of another node's clock: for `iat` only
};
/// The key of that id, if there is one that still verifies.
using FindKey = std::function<std::optional<PublicKey>(std::string_view kid)>;

/// What a good signature vouches for. That never changes, so it may be remembered; what the claims
/// allow at a given time is `check_claims`'s to say.
struct SignedClaims {
    JwtClaims claims;
    std::string kid;
};
/// Errors, all 401: `token_malformed` (also: too long, another header), `token_key_unknown`,
/// `token_signature_invalid`.
Result<SignedClaims> verify_signature(std::string_view token, const FindKey& find_key);
/// Errors, all 401: `token_issuer`, `token_audience`, `token_not_yet_valid`, `token_expired`.
Result<void> check_claims(const JwtClaims& claims, const JwtRules& rules, Time now);

/// Both; errors as theirs.
Result<JwtClaims> verify_jwt(std::string_view token, const FindKey& find_key, const JwtRules& rules,
                             Time now);

}  // namespace stoa::crypto
