// SPDX-License-Identifier: Apache-2.0
#include "documents/keyed_lexemes.hpp"

#include <gtest/gtest.h>

namespace stoa::documents {
namespace {

using namespace std::string_literals;

const KeyedLexemes lexemes(crypto::SecretKey{7});

TEST(KeyedLexemesTest, Equal_words_are_equal_and_keys_differ) {
    EXPECT_EQ(lexemes.of("whale"), lexemes.of("whale"));
    EXPECT_NE(lexemes.of("whale"), lexemes.of("whales"));
    EXPECT_NE(lexemes.of("whale"), KeyedLexemes(crypto::SecretKey{8}).of("whale"));
    EXPECT_EQ(lexemes.of("whale").size(), 6U);
}

TEST(KeyedLexemesTest, A_vector_keeps_its_positions) {
    // 'sing':2 'whale':1,3A
    const auto vector = "\0\0\0\2sing\0\0\1\0\2whale\0\0\2\0\1\xc0\3"s;
    EXPECT_EQ(lexemes.of_vector(vector), "\0\0\0\2"s + lexemes.of("sing") + "\0\0\1\0\2"s +
                                             lexemes.of("whale") + "\0\0\2\0\1\xc0\3"s);
    EXPECT_EQ(lexemes.of_vector("\0\0\0\0"s), "\0\0\0\0"s);
    for (std::size_t size = 0; size < vector.size(); ++size) {
        EXPECT_FALSE(lexemes.of_vector(vector.substr(0, size))) << size;
    }
    EXPECT_FALSE(lexemes.of_vector(vector + "x"));
}

TEST(KeyedLexemesTest, A_query_keeps_its_operators) {
    const auto quoted = [](const char* word) { return "'" + lexemes.of(word) + "'"; };
    EXPECT_EQ(lexemes.of_query("'whale' <-> 'sing' & !'o''neil':*A | ( 'a\\\\b' )"),
              quoted("whale") + " <-> " + quoted("sing") + " & !" + quoted("o'neil") + ":*A | ( " +
                  quoted("a\\b") + " )");
    EXPECT_EQ(lexemes.of_query(""), "");
    EXPECT_EQ(lexemes.of_query("'cut"), quoted("cut"));
    EXPECT_EQ(lexemes.of_query("'"), quoted(""));
}

}  // namespace
}  // namespace stoa::documents
