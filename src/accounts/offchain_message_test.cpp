// SPDX-License-Identifier: Apache-2.0
#include "accounts/offchain_message.hpp"

#include <string>

#include <gtest/gtest.h>

namespace stoa::accounts {
namespace {

class OffchainMessage : public ::testing::Test {
  protected:
    static std::string length_of(const std::string& text) {
        return {static_cast<char>(text.size() & 0xffU), static_cast<char>(text.size() >> 8U)};
    }
    std::string specified(const std::string& text, const std::string& signers, char count) {
        return domain_ + '\0' + std::string(32, 'd') + '\1' + count + signers + length_of(text) +
               text;
    }
    std::string first_form(const std::string& text) {
        return domain_ + '\0' + '\1' + length_of(text) + text;
    }
    std::string opened(const std::string& bytes) {
        const auto text = open_offchain_message(bytes, signer_);
        return text ? std::string(*text) : std::string(text.error().code);
    }

    const std::string domain_ = "\xffsolana offchain";
    const crypto::PublicKey signer_ = crypto::make_key_pair().public_key;
    const std::string own_{crypto::view(signer_)};
    const std::string other_ = std::string(32, 'o');
    const std::string text_ = std::string(300, 'x') + "\nthe end";
};

TEST_F(OffchainMessage, BothFormsAndBareTextsAreRead) {
    EXPECT_EQ(opened("just a text"), "just a text");
    EXPECT_EQ(opened(""), "");
    EXPECT_EQ(opened(specified(text_, own_, 1)), text_);
    EXPECT_EQ(opened(specified(text_, other_ + own_, 2)), text_);
    EXPECT_EQ(opened(first_form(text_)), text_);
}

TEST_F(OffchainMessage, WhatIsNotWholeOrOfAnotherIsRefused) {
    EXPECT_EQ(opened(specified(text_, other_, 1)), "message_malformed");
    EXPECT_EQ(opened(specified(text_, "", 0)), "message_malformed");
    EXPECT_EQ(opened(specified("", own_, 1)), "message_malformed");
    EXPECT_EQ(opened(domain_ + '\1' + specified(text_, own_, 1).substr(17)), "message_malformed");
    for (const auto& whole : {specified(text_, own_, 1), first_form(text_)}) {
        EXPECT_EQ(opened(whole + "!"), "message_malformed");
        for (std::size_t bytes = domain_.size(); bytes < whole.size(); ++bytes) {
            EXPECT_EQ(opened(whole.substr(0, bytes)), "message_malformed") << bytes;
        }
    }
}

}  // namespace
}  // namespace stoa::accounts
