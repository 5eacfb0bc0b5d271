// SPDX-License-Identifier: Apache-2.0
#include "crypto/jwt.hpp"

#include "crypto/base64.hpp"

#include <utility>

namespace stoa::crypto {
namespace {

struct JwtHeader {
    std::string alg;
    std::string typ;
    std::string kid;
};
BOOST_DESCRIBE_STRUCT(JwtHeader, (), (alg, typ, kid))

tl::unexpected<Error> refuse(std::string_view code, std::string message) {
    return fail(ErrorKind::unauthenticated, code, std::move(message));
}

tl::unexpected<Error> malformed() {
    return refuse("token_malformed",
                  "The bearer token is no EdDSA-signed JWT of ours; sign in to get one.");
}

template <class T>
std::optional<T> decode_part(std::string_view part) {
    const auto text = from_base64url(part);
    if (!text) return std::nullopt;
    auto value = json::read<T>(*text);
    return value ? std::optional<T>(std::move(*value)) : std::nullopt;
}

}  // namespace

std::string encode_jwt(const JwtClaims& claims, std::string_view kid, const KeyPair& keys) {
    const JwtHeader header{.alg = "EdDSA", .typ = "JWT", .kid = std::string(kid)};
    std::string token = to_base64url(json::to_text(header));
    token += '.';
    token += to_base64url(json::to_text(claims));
    const auto signature = sign(token, keys);
    token += '.';
    token += to_base64url(view(signature));
    return token;
}

Result<SignedClaims> verify_signature(std::string_view token, const FindKey& find_key) {
    if (token.size() > jwt_bytes_max) return malformed();
    const auto first = token.find('.');
    const auto last = token.rfind('.');
    if (first == last) return malformed();  // also when there is none
    auto header = decode_part<JwtHeader>(token.substr(0, first));
    if (!header || header->alg != "EdDSA" || header->typ != "JWT") return malformed();
    const auto bytes = from_base64url(token.substr(last + 1));
    const auto signature = bytes ? to_array<64>(*bytes) : std::nullopt;
    if (!signature) return malformed();
    const auto key = find_key(header->kid);
    if (!key)
        return refuse("token_key_unknown", "The token's signing key is not in use; sign in again.");
    if (!verify(token.substr(0, last), *signature, *key))
        return refuse("token_signature_invalid", "The token's signature is wrong; sign in again.");
    auto claims = decode_part<JwtClaims>(token.substr(first + 1, last - first - 1));
    if (!claims) return malformed();
    return SignedClaims{std::move(*claims), std::move(header->kid)};
}

Result<void> check_claims(const JwtClaims& claims, const JwtRules& rules, Time now) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch();
    if (claims.iss != rules.issuer)
        return refuse("token_issuer", "The token was issued by somebody else; sign in here.");
    if (claims.aud != rules.audience)
        return refuse("token_audience", "The token is meant for another audience; sign in here.");
    if (claims.iat > (seconds + rules.clock_skew_max).count())
        return refuse("token_not_yet_valid", "The token's time of issue lies in the future.");
    if (claims.exp <= seconds.count())
        return refuse("token_expired", "The token has expired; get a new one with /auth/refresh.");
    return {};
}

Result<JwtClaims> verify_jwt(std::string_view token, const FindKey& find_key, const JwtRules& rules,
                             Time now) {
    auto verified = verify_signature(token, find_key);
    if (!verified) return fail(verified);
    if (auto checked = check_claims(verified->claims, rules, now); !checked) return fail(checked);
    return std::move(verified->claims);
}

}  // namespace stoa::crypto
