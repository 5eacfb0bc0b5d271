// SPDX-License-Identifier: Apache-2.0
#include "accounts/siws.hpp"

#include "crypto/base58.hpp"
#include "crypto/base64.hpp"
#include "crypto/ed25519.hpp"
#include "crypto/hash.hpp"

#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

namespace stoa::accounts {
namespace {

struct Vector {
    std::string name;
    std::string seed_hex;
    std::string public_key_base58;
    std::string public_key_hex;
    SignInInput input;
    std::string message_text;
    std::string message_hex;
    std::string signature_base58;
    std::string signature_base64;
    SignInInput parsed;
    bool verify = false;
};
BOOST_DESCRIBE_STRUCT(Vector, (),
                      (name, seed_hex, public_key_base58, public_key_hex, input, message_text,
                       message_hex, signature_base58, signature_base64, parsed, verify))

struct LooselyParsed {
    std::string name;
    std::string message_text;
    json::Value parse;  ///< by the wallets' JavaScript
};
BOOST_DESCRIBE_STRUCT(LooselyParsed, (), (name, message_text, parse))

struct Vectors {
    std::string source;
    std::vector<Vector> vectors;
    std::vector<LooselyParsed> parser_negative;
};
BOOST_DESCRIBE_STRUCT(Vectors, (), (source, vectors, parser_negative))

Vectors load_vectors() {
    std::ifstream file(STOA_VECTORS "/siws_vectors.json");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    return json::read<Vectors>(text).value();
}

TEST(Siws, AgreesWithTheWalletsOwnVectors) {
    const auto vectors = load_vectors();
    ASSERT_GE(vectors.vectors.size(), 5U);
    for (const auto& vector : vectors.vectors) {
        SCOPED_TRACE(vector.name);
        EXPECT_EQ(build_message(vector.input), vector.message_text);
        EXPECT_EQ(crypto::to_hex(vector.message_text), vector.message_hex);
        const auto parsed = parse_message(vector.message_text);
        ASSERT_TRUE(parsed) << parsed.error().message;
        EXPECT_EQ(*parsed, vector.parsed);
        EXPECT_FALSE(find_difference(vector.input, *parsed));

        const auto key = crypto::from_base58_array<32>(vector.public_key_base58).value();
        EXPECT_EQ(crypto::to_hex(key), vector.public_key_hex);
        const auto signature = crypto::from_base58_array<64>(vector.signature_base58).value();
        EXPECT_EQ(crypto::to_base64(crypto::view(signature)), vector.signature_base64);
        EXPECT_EQ(crypto::verify(vector.message_text, signature, key), vector.verify);
        const auto seed = crypto::from_hex(vector.seed_hex).value();
        const auto keys = crypto::key_pair_of(crypto::to_array<32>(seed).value());
        EXPECT_EQ(crypto::sign(vector.message_text, keys), signature);
    }
}

TEST(Siws, RefusesWhatTheAbnfRefuses) {
    for (const auto& text : load_vectors().parser_negative) {
        const auto parsed = parse_message(text.message_text);
        ASSERT_FALSE(parsed) << text.name;
        EXPECT_EQ(parsed.error().code, "message_malformed");
    }
}

const std::string head =
    "stoa.example wants you to sign in with your Solana account:\n"
    "FAe4sisG95oZ42w7buUn5qEE4TAnfTTFPiguZUHmhiF";

TEST(Siws, RefusesMalformedLines) {
    ASSERT_TRUE(parse_message(head));
    ASSERT_TRUE(parse_message(head + "\n\nHello.\n\nVersion: 1"));
    const std::vector<std::string> malformed = {
        "",
        "\n",
        " wants you to sign in with your Solana account:\nFAe4sisG95oZ42w7buUn5qEE4TAnfTTFPiguZUH",
        "a b wants you to sign in with your Solana account:\nFAe4sisG95oZ42w7buUn5qEE4TAnfTTFPigu",
        "stoa.example wants you to sign in with your Solana account:\nFAe4sisG95oZ42w7buUn5qEE4T",
        std::string("stoa.example wants you to sign in with your Solana account:\n") +
            "0OIlsisG95oZ42w7buUn5qEE4TAnfTTFPiguZUHmhiF",
        head + "\n",
        head + "\n\n",
        head + "\nVersion: 1",
        head + "\n\nVersion: 2",
        head + "\n\nVersion: 1\n",
        head + "\n\nVersion: 1\nVersion: 1",
        head + "\n\nVersion: 1\nURI: https://stoa.example",
        head + "\n\nHello.\n",
        head + "\n\nHello.\n\n",
        head + "\n\nHello.\nWorld.",
        head + "\n\nHello.\n\nWorld.",
        head + "\n\nHello.\n\n\nVersion: 1",
        head + "\n\nTab\there",
        head + "\n\nURI: no uri",
        head + "\n\nURI: https://stoa.example/%zz",
        head + "\n\nChain ID: ethereum:1",
        head + "\n\nNonce: short",
        head + "\n\nNonce: with-dash-es",
        head + "\n\nIssued At: yesterday",
        head + "\n\nIssued At: 2026-02-30T00:00:00Z",
        head + "\n\nRequest ID: a b",
        head + "\n\nResources:\nhttps://stoa.example",
        head + "\n\nResources:\n- no uri",
        head + "\n\nResources:\n- https://stoa.example\nVersion: 1",
        head + "\n\n\xff\xfe",
        head + "\n\n" + std::string(siws_bytes_max, 'a'),
    };
    for (const auto& text : malformed) EXPECT_FALSE(parse_message(text)) << text;
}

TEST(Siws, NamesTheFieldThatDiffers) {
    const auto signed_input =
        parse_message(head + "\n\nHello.\n\nVersion: 1\nChain ID: devnet\nNonce: abcdefgh12345678");
    ASSERT_TRUE(signed_input);
    auto issued = *signed_input;
    issued.address.reset();
    EXPECT_FALSE(find_difference(issued, *signed_input));
    issued.chainId = "mainnet";
    EXPECT_EQ(find_difference(issued, *signed_input), "chainId");
    issued = *signed_input;
    issued.address = "GmaDrppBC7P5ARKV8g3djiwP89vz1jLK23V2GBjuAEGB";
    EXPECT_EQ(find_difference(issued, *signed_input), "address");
    issued = *signed_input;
    issued.resources.emplace();
    EXPECT_EQ(find_difference(issued, *signed_input), "resources");
    issued = *signed_input;
    issued.statement.reset();
    EXPECT_EQ(find_difference(issued, *signed_input), "statement");
}

TEST(Siws, JsonLeavesOutWhatIsAbsent) {
    SignInInput input;
    input.domain = "stoa.example";
    input.chainId = "solana:devnet";
    EXPECT_EQ(to_json(input), R"({"domain":"stoa.example","chainId":"solana:devnet"})");
    EXPECT_EQ(json::read<SignInInput>(to_json(input)).value(), input);
}

}  // namespace
}  // namespace stoa::accounts
