// SPDX-License-Identifier: Apache-2.0
#include "extraction/page.hpp"

#include <gtest/gtest.h>

namespace stoa::extraction {
namespace {

/// "one two\nthree", the last word on a second line.
std::vector<Word> three_words() {
    return {{0, 3, {10, 10, 40, 22}}, {4, 7, {44, 11, 70, 23}}, {8, 13, {10, 30, 50, 42}}};
}

TEST(Boxes, MergeTheWordsOfALine) {
    const std::vector<Box> both = {{10, 10, 70, 23}, {10, 30, 50, 42}};
    EXPECT_EQ(boxes_of(three_words(), 0, 13), both);
    EXPECT_EQ(boxes_of(three_words(), 5, 9),
              (std::vector<Box>{{44, 11, 70, 23}, {10, 30, 50, 42}}));
}

TEST(Boxes, AreNoneWhereNoWordIs) {
    EXPECT_TRUE(boxes_of(three_words(), 3, 4).empty());
    EXPECT_TRUE(boxes_of(three_words(), 13, 99).empty());
    EXPECT_TRUE(boxes_of(Page{}, 0, 5).empty());
}

TEST(Boxes, OfTwoColumnsStayApart) {
    const std::vector<Word> words = {{0, 3, {300, 10, 340, 22}}, {4, 7, {10, 10, 40, 22}}};
    EXPECT_EQ(boxes_of(words, 0, 7).size(), 2U);
}

TEST(WordsJson, IsCompactAndReadsBack) {
    const std::vector<Word> words = {{0, 3, {10.254F, 10, 40.5F, 22}}, {4, 7, {0, -1.5F, 2, 3}}};
    const std::string json = words_to_json(words);
    EXPECT_EQ(json, "[[0,3,10.25,10,40.5,22],[4,7,0,-1.5,2,3]]");
    EXPECT_EQ(words_to_json(words_from_json(json).value()), json);
    EXPECT_TRUE(words_from_json("[]").value().empty());
    EXPECT_EQ(words_to_json({}), "[]");
    const std::string stored = "[[0, 3, 10.25, 10, 40.5, 22], [4, 7, 0, -1.5, 2, 3]]";
    EXPECT_EQ(words_to_json(words_from_json(stored).value()), json) << "as jsonb writes it";
}

TEST(WordsJson, RefusesWhatItDidNotWrite) {
    for (const char* json : {"", "[", "[]x", "{}", "[[0,3]]", "[[0,3,1,1,1,1]", "[[3,3,1,1,1,1]]",
                             "[[-1,3,1,1,1,1]]", "[[0,3,1,1,1,1],]", "[[0,3,inf,1,1,1]]",
                             "[[0,3,1,1,1,1],[2,4,1,1,1,1]]", "[[0,99999999999,1,1,1,1]]"}) {
        const auto words = words_from_json(json);
        ASSERT_FALSE(words) << json;
        EXPECT_EQ(words.error().code, "malformed_words");
    }
}

}  // namespace
}  // namespace stoa::extraction
