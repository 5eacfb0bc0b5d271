// SPDX-License-Identifier: Apache-2.0
#include "llm/condensation.hpp"

#include <gtest/gtest.h>

namespace stoa::llm {
namespace {

std::vector<Turn> exchange(const std::string& question, const std::string& answer) {
    return {{Turn::Role::user, question}, {Turn::Role::assistant, answer}};
}

TEST(Condensation, A_line_for_each_question_in_the_words_that_were_used) {
    EXPECT_EQ(
        condense("", exchange("What\n boils?", "In its own words:\n\nCaesium does. And more."),
                 1'000),
        "- Asked: What boils? Answered: Caesium does.");
    const auto more = condense("- Asked: A? Answered: B.", exchange("C?", "D."), 1'000);
    EXPECT_EQ(more, "- Asked: A? Answered: B.\n- Asked: C? Answered: D.");
}

TEST(Condensation, Sixty_exchanges_stay_within_the_bound_and_keep_the_first) {
    std::string summary;
    for (int i = 0; i < 60; ++i) {
        summary = condense(
            summary, exchange("Question " + std::to_string(i) + ", my name is Ada?", "So."), 600);
        EXPECT_LE(summary.size(), 600U);
    }
    EXPECT_NE(summary.find("Question 0,"), std::string::npos) << summary;
    EXPECT_NE(summary.find("Question 59,"), std::string::npos) << summary;
    EXPECT_EQ(summary.find("Question 1,"), std::string::npos) << summary;
    EXPECT_NE(summary.find("left out"), std::string::npos) << summary;
}

TEST(Condensation, What_is_longer_than_the_bound_alone_is_cut_between_letters) {
    const auto text = condense("", exchange(std::string(500, 'x') + "äöü", "y"), 40);
    EXPECT_LE(text.size(), 40U);
    EXPECT_EQ(condense("", {}, 40), "");
    EXPECT_EQ(condense("ää", {}, 3), "ä");
}

}  // namespace
}  // namespace stoa::llm
