// SPDX-License-Identifier: Apache-2.0
#include "crypto/base58.hpp"
#include "crypto/base64.hpp"
#include "crypto/ed25519.hpp"
#include "crypto/hash.hpp"
#include "crypto/random.hpp"
#include "crypto/secret_box.hpp"

#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace stoa::crypto {
namespace {

std::string bytes(std::string_view hex) { return from_hex(hex).value(); }

template <std::size_t N>
ByteArray<N> array(std::string_view hex) {
    return to_array<N>(bytes(hex)).value();
}

TEST(Hash, IsThatOfFips180) {
    EXPECT_EQ(to_hex(sha256("abc")),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(to_hex(sha256("")),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Hash, InPiecesIsTheSameAndStartsAnew) {
    Sha256 hash;
    for (int round = 0; round < 2; ++round) {
        hash.update("a");
        hash.update("");
        hash.update("bc");
        EXPECT_EQ(hash.finish(), sha256("abc"));
    }
}

TEST(Hash, HmacIsThatOfRfc4231) {
    EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(to_hex(hmac_sha256(std::string(131, '\xaa'),
                                 "Test Using Larger Than Block-Size Key - Hash Key First")),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Hash, HexGoesBothWays) {
    EXPECT_EQ(to_hex(std::string("\x00\xff\x1a", 3)), "00ff1a");
    EXPECT_EQ(from_hex("00fF1a"), std::string("\x00\xff\x1a", 3));
    EXPECT_FALSE(from_hex("0"));
    EXPECT_FALSE(from_hex("0g"));
}

TEST(Hash, ConstantTimeComparisonCompares) {
    EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
    EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
    EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
}

TEST(Base64, WritesRfc4648) {
    const std::vector<std::pair<std::string, std::string>> vectors = {{"", ""},
                                                                      {"f", "Zg=="},
                                                                      {"fo", "Zm8="},
                                                                      {"foo", "Zm9v"},
                                                                      {"foob", "Zm9vYg=="},
                                                                      {"fooba", "Zm9vYmE="},
                                                                      {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, text] : vectors) {
        EXPECT_EQ(to_base64(plain), text);
        EXPECT_EQ(from_base64(text), plain);
        EXPECT_EQ(from_base64url(to_base64url(plain)), plain);
    }
    EXPECT_EQ(to_base64("\xfb\xff"), "+/8=");
    EXPECT_EQ(to_base64url("\xfb\xff"), "-_8");
}

TEST(Base64, RefusesEveryOtherText) {
    for (const auto* text : {"Zg", "Zg=", "Zg===", "Zh==", "Zm 8=", "Zm8=\n", "=",
                             "Zm9v=", "-_8=", "Zg==Zg==", "Z", "Zm9vZ"})
        EXPECT_FALSE(from_base64(text)) << text;
    for (const auto* text : {"Zg==", "Zh", "+/8", "-_9", "Zm8 ", "Z", "-_8."})
        EXPECT_FALSE(from_base64url(text)) << text;
}

TEST(Base58, KnowsSolanasAddresses) {
    EXPECT_EQ(to_base58(bytes("03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8")),
              "FAe4sisG95oZ42w7buUn5qEE4TAnfTTFPiguZUHmhiF");
    EXPECT_EQ(to_base58(std::string(32, '\0')), "11111111111111111111111111111111");
    EXPECT_EQ(to_base58("Hello World!"), "2NEpo7TZRRrLZSi2U");
    EXPECT_EQ(to_base58(bytes("0000287fb4cd")), "11233QC4");
    EXPECT_EQ(from_base58("11233QC4"), bytes("0000287fb4cd"));
    EXPECT_EQ(from_base58(""), "");
    EXPECT_EQ(from_base58_array<32>("11111111111111111111111111111111"), ByteArray<32>{});
    EXPECT_FALSE(from_base58_array<32>("1111111111111111111111111111111"));
}

TEST(Base58, RefusesOtherAlphabetsAndTooMuch) {
    for (const auto* text : {"0", "O", "I", "l", " 1", "1\n", "é"}) EXPECT_FALSE(from_base58(text));
    EXPECT_TRUE(from_base58(to_base58(std::string(base58_bytes_max, '\xff'))));
    EXPECT_FALSE(from_base58(std::string(base58_bytes_max + 1, '1')));
    EXPECT_FALSE(from_base58(std::string(1'000'000, 'z')));
    EXPECT_THROW(to_base58(std::string(base58_bytes_max + 1, 'x')), std::length_error);
}

struct Rfc8032 {
    const char* seed;
    const char* key;
    const char* message;
    const char* signature;
};

TEST(Ed25519, SignsAndVerifiesRfc8032) {
    const std::vector<Rfc8032> vectors = {
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e3970"
         "1cf9b46bd25bf5f0595bbe24655141438e7a100b"},
        {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613"
         "d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
        {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
         "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760"
         "984dc6594a7c15e9716ed28dc027beceea1ec40a"}};
    for (const auto& vector : vectors) {
        const auto keys = key_pair_of(array<32>(vector.seed));
        EXPECT_EQ(to_hex(keys.public_key), vector.key);
        const auto signature = sign(bytes(vector.message), keys);
        EXPECT_EQ(to_hex(signature), vector.signature);
        EXPECT_TRUE(verify(bytes(vector.message), signature, keys.public_key));
        EXPECT_FALSE(verify(bytes(vector.message) + "x", signature, keys.public_key));
    }
}

TEST(Ed25519, RefusesEveryFlippedBit) {
    const auto keys = make_key_pair();
    const auto signature = sign("message", keys);
    for (std::size_t bit = 0; bit < 512; ++bit) {
        auto changed = signature;
        changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ (1U << bit % 8));
        EXPECT_FALSE(verify("message", changed, keys.public_key)) << bit;
    }
}

TEST(Ed25519, RefusesSignaturesWithTheOrderAdded) {
    const auto order =
        array<32>("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    const auto keys = make_key_pair();
    auto signature = sign("message", keys);
    unsigned carry = 0;
    for (std::size_t i = 0; i < 32; ++i) {
        carry += unsigned{signature[32 + i]} + order[i];
        signature[32 + i] = static_cast<std::uint8_t>(carry);
        carry >>= 8;
    }
    ASSERT_EQ(carry, 0U);
    EXPECT_FALSE(verify("message", signature, keys.public_key));
}

TEST(Ed25519, RefusesWeakKeys) {
    const std::vector<std::string> weak = {
        "0100000000000000000000000000000000000000000000000000000000000000",   // order 1
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",   // order 2
        "0000000000000000000000000000000000000000000000000000000000000000",   // order 4
        "0000000000000000000000000000000000000000000000000000000000000080",   // order 4
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",   // order 8
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",   // order 8
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",   // p + 1
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",   // p
        "0200000000000000000000000000000000000000000000000000000000000000"};  // not on the curve
    Signature signature{};  // R = the identity and S = 0: verifies under weak keys elsewhere
    signature[0] = 1;
    for (const auto& hex : weak) {
        EXPECT_FALSE(is_strong_key(array<32>(hex))) << hex;
        EXPECT_FALSE(verify("any message", signature, array<32>(hex))) << hex;
    }
    EXPECT_TRUE(is_strong_key(make_key_pair().public_key));
}

TEST(SecretBox, OpensOnlyWithKeyAndPurpose) {
    const SecretKey key{1, 2, 3};
    const auto box = seal("secret", key, "row 1");
    EXPECT_EQ(box.size(), 24 + 6 + 16);
    EXPECT_EQ(open(box, key, "row 1"), "secret");
    EXPECT_FALSE(open(box, key, "row 2"));
    EXPECT_FALSE(open(box, SecretKey{1}, "row 1"));
    EXPECT_FALSE(open(box.substr(0, 39), key, "row 1"));
    for (std::size_t i = 0; i < box.size(); ++i) {
        auto changed = box;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        EXPECT_FALSE(open(changed, key, "row 1"));
    }
    EXPECT_NE(box, seal("secret", key, "row 1"));
}

TEST(Random, TokensDiffer) {
    EXPECT_EQ(random_token().size(), 43);
    EXPECT_NE(random_token(), random_token());
    EXPECT_EQ(random_bytes(7).size(), 7);
}

}  // namespace
}  // namespace stoa::crypto
