// SPDX-License-Identifier: Apache-2.0
#include "tutor/prompt_budget.hpp"

#include "llm/prompting.hpp"

#include <gtest/gtest.h>

namespace stoa::tutor {
namespace {

llm::Prompt long_prompt(int exchanges, std::size_t passages) {
    llm::Prompt prompt;
    for (int i = 0; i < exchanges; ++i) {
        const auto number = std::to_string(i);
        prompt.turns.push_back({llm::Turn::Role::user, "Fact " + number + " of whales, please?"});
        prompt.turns.push_back({llm::Turn::Role::assistant, "They sing. " + std::string(300, 'x')});
    }
    for (std::size_t i = 0; i < passages; ++i) {
        prompt.passages.push_back({std::to_string(i), "Whales", 1, std::string(900, 'w')});
    }
    prompt.question = "And why?";
    return prompt;
}

TEST(PromptBudget, Sixty_turns_stay_within_it_and_the_first_is_not_forgotten) {
    for (const std::int64_t tokens_max : {2'000, 4'000, 12'000}) {
        auto prompt = long_prompt(60, 8);
        ASSERT_TRUE(PromptBudget(tokens_max).fit(prompt));
        EXPECT_LE(llm::estimate_tokens(prompt), tokens_max);
        EXPECT_NE(prompt.summary.find("Fact 0 of whales"), std::string::npos) << prompt.summary;
        ASSERT_FALSE(prompt.turns.empty());
        EXPECT_EQ(prompt.turns.front().role, llm::Turn::Role::user);
        EXPECT_EQ(prompt.turns.back().text.substr(0, 10), "They sing.");
        EXPECT_FALSE(prompt.passages.empty());
    }
}

TEST(PromptBudget, What_fits_is_left_as_it_is) {
    auto prompt = long_prompt(3, 8);
    prompt.summary = "They are learning for an exam.";
    ASSERT_TRUE(PromptBudget(12'000).fit(prompt));
    EXPECT_EQ(prompt.summary, "They are learning for an exam.");
    EXPECT_EQ(prompt.turns.size(), 6U);
    EXPECT_EQ(prompt.passages.size(), 8U);
}

TEST(PromptBudget, Many_short_turns_fill_the_room_too) {
    const PromptBudget room(12'000);
    const std::vector<llm::Turn> short_turns(PromptBudget::turns_max + 2,
                                             {llm::Turn::Role::user, "Why?"});
    EXPECT_GT(room.weigh(short_turns), room.turn_tokens_max());
    const llm::Turn long_turn{llm::Turn::Role::assistant, std::string(900, 'x')};
    EXPECT_EQ(room.weigh(long_turn), 300);
    EXPECT_LT(room.weigh(std::vector<llm::Turn>(4, long_turn)), room.turn_tokens_max());
}

TEST(PromptBudget, The_best_passages_stay) {
    auto prompt = long_prompt(0, 8);
    ASSERT_TRUE(PromptBudget(2'000).fit(prompt));
    ASSERT_LT(prompt.passages.size(), 8U);
    EXPECT_EQ(prompt.passages.front().id, "0");
}

TEST(PromptBudget, A_question_that_leaves_no_room_is_refused) {
    auto prompt = long_prompt(0, 1);
    prompt.question = std::string(16'000, 'q');
    EXPECT_EQ(PromptBudget(2'000).fit(prompt).error().code, "question_too_long");
}

}  // namespace
}  // namespace stoa::tutor
