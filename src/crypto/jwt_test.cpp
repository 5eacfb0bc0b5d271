// SPDX-License-Identifier: Apache-2.0
#include "crypto/jwt.hpp"

#include "crypto/base64.hpp"
#include "crypto/hash.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace stoa::crypto {
namespace {

const Time now_ = Time(std::chrono::seconds(1'800'000'000));
const JwtRules rules{.issuer = "https://stoa.example", .audience = "stoa"};

JwtClaims good_claims() {
    return {.iss = "https://stoa.example",
            .aud = "stoa",
            .sub = "user",
            .sid = "session",
            .jti = "1",
            .iat = 1'800'000'000,
            .exp = 1'800'000'900};
}

/// RFC 8037, appendix A.
KeyPair rfc_keys() {
    const auto seed = from_base64url("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").value();
    return key_pair_of(to_array<32>(seed).value());
}

FindKey find_rfc_key() {
    return [](std::string_view kid) -> std::optional<PublicKey> {
        if (kid != "key-1") return std::nullopt;
        return rfc_keys().public_key;
    };
}

/// A correctly signed token of any header and claims.
std::string make_token(std::string_view header, std::string_view claims) {
    std::string token = to_base64url(header);
    token += '.';
    token += to_base64url(claims);
    const auto signature = sign(token, rfc_keys());
    token += '.';
    token += to_base64url(view(signature));
    return token;
}

std::string code_of(std::string_view token, Time at = now_) {
    const auto verified = verify_jwt(token, find_rfc_key(), rules, at);
    return verified ? "accepted" : std::string(verified.error().code);
}

TEST(Jwt, SignsAsRfc8037) {
    const auto keys = rfc_keys();
    EXPECT_EQ(to_base64url(view(keys.public_key)), "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    const auto signature = sign("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc", keys);
    EXPECT_EQ(
        to_base64url(view(signature)),
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
}

TEST(Jwt, GoesBothWays) {
    const auto token = encode_jwt(good_claims(), "key-1", rfc_keys());
    const auto claims = verify_jwt(token, find_rfc_key(), rules, now_);
    ASSERT_TRUE(claims) << claims.error().message;
    EXPECT_EQ(claims->sub, "user");
    EXPECT_EQ(claims->sid, "session");
    EXPECT_EQ(claims->exp, 1'800'000'900);
}

TEST(Jwt, ChecksEveryClaim) {
    const auto with = [](auto change) {
        auto claims = good_claims();
        change(claims);
        return encode_jwt(claims, "key-1", rfc_keys());
    };
    EXPECT_EQ(code_of(with([](auto& c) { c.iss = "https://other.example"; })), "token_issuer");
    EXPECT_EQ(code_of(with([](auto& c) { c.aud = "other"; })), "token_audience");
    EXPECT_EQ(code_of(with([](auto& c) { c.iat += 60; })), "token_not_yet_valid");
    EXPECT_EQ(code_of(with([](auto&) {}), now_ + std::chrono::seconds(899)), "accepted");
    EXPECT_EQ(code_of(with([](auto&) {}), now_ + std::chrono::seconds(900)), "token_expired");
    EXPECT_EQ(code_of(encode_jwt(good_claims(), "key-2", rfc_keys())), "token_key_unknown");
    EXPECT_EQ(code_of(encode_jwt(good_claims(), "key-1", make_key_pair())),
              "token_signature_invalid");
}

TEST(Jwt, RefusesEveryOtherHeader) {
    const auto claims = json::to_text(good_claims());
    EXPECT_EQ(code_of(make_token(R"({"alg":"EdDSA","typ":"JWT","kid":"key-1"})", claims)),
              "accepted");
    const std::vector<std::string> headers = {
        R"({"alg":"none","typ":"JWT","kid":"key-1"})",
        R"({"alg":"None","typ":"JWT","kid":"key-1"})",
        R"({"alg":"HS256","typ":"JWT","kid":"key-1"})",
        R"({"alg":"eddsa","typ":"JWT","kid":"key-1"})",
        R"({"alg":"EdDSA","typ":"at+jwt","kid":"key-1"})",
        R"({"alg":"EdDSA","kid":"key-1"})",
        R"({"alg":"EdDSA","typ":"JWT"})",
        R"({"alg":"EdDSA","typ":"JWT","kid":"key-1","crit":["exp"]})",
        R"({"alg":"EdDSA","typ":"JWT","kid":"key-1","jwk":{"kty":"OKP"}})",
        R"({"alg":["EdDSA"],"typ":"JWT","kid":"key-1"})",
        R"(["EdDSA"])",
        "",
    };
    for (const auto& header : headers)
        EXPECT_EQ(code_of(make_token(header, claims)), "token_malformed") << header;
}

TEST(Jwt, RefusesOtherForms) {
    const auto token = encode_jwt(good_claims(), "key-1", rfc_keys());
    const auto unsigned_token = token.substr(0, token.rfind('.') + 1);
    for (const auto& text :
         {std::string(), std::string("."), std::string(".."), std::string("a.b.c"), unsigned_token,
          token + "=", token + ".", "." + token, " " + token, token + "\n",
          std::string(jwt_bytes_max + 1, 'a'), token.substr(0, token.size() - 1)})
        EXPECT_EQ(code_of(text), "token_malformed") << text;
    const std::string header = R"({"alg":"EdDSA","typ":"JWT","kid":"key-1"})";
    EXPECT_EQ(code_of(make_token(header, "{}")), "token_malformed");
    EXPECT_EQ(code_of(make_token(header, "not json")), "token_malformed");
}

}  // namespace
}  // namespace stoa::crypto
