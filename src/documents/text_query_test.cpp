// SPDX-License-Identifier: Apache-2.0
#include "documents/text_query.hpp"

#include <gtest/gtest.h>

namespace stoa::documents {
namespace {

using Texts = std::vector<std::string>;

TEST(TextQuery, Words_are_looked_for_one_by_one) {
    const auto query = take_apart("'AbC-d_e' & ( 'two' | !'AbC-d_e' )");
    EXPECT_EQ(query.words, (Texts{"AbC-d_e", "two"}));
    EXPECT_TRUE(query.phrases.empty());
    EXPECT_EQ(query.condition, "'AbC-d_e' & ( 'two' | !'AbC-d_e' )");
}

TEST(TextQuery, A_phrase_is_one_term) {
    const auto query = take_apart("'a' <-> 'b' <2> 'c' & 'd' & !( 'e' <-> 'f' )");
    EXPECT_EQ(query.words, (Texts{"d"}));
    EXPECT_EQ(query.phrases, (Texts{"'a' <-> 'b' <2> 'c'", "'e' <-> 'f'"}));
    EXPECT_EQ(query.condition, "'p1' & 'd' & !( 'p2' )");
}

TEST(TextQuery, Brackets_inside_a_phrase_leave_it_whole) {
    for (const std::string text : {"( 'a' | 'b' ) <-> 'c'", "'a' <-> ( 'b' | 'c' )"}) {
        const auto query = take_apart(text);
        EXPECT_EQ(query.phrases, Texts{text});
        EXPECT_EQ(query.condition, "'p1'");
    }
}

TEST(TextQuery, Nothing_to_look_for_is_no_condition) {
    EXPECT_EQ(take_apart("").condition, "");
    EXPECT_EQ(take_apart("'cut").words.size(), 1U) << "malformed, but read to its end";
}

}  // namespace
}  // namespace stoa::documents
