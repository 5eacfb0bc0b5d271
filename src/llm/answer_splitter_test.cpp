// SPDX-License-Identifier: Apache-2.0
#include "llm/answer_splitter.hpp"

#include <gtest/gtest.h>

namespace stoa::llm {
namespace {

struct Parted {
    std::string answer;
    std::vector<std::string> follow_ups;
    bool operator==(const Parted&) const = default;
};

Parted part(std::string_view text, std::size_t piece) {
    AnswerSplitter splitter;
    std::string shown;
    for (std::size_t at = 0; at < text.size(); at += piece) {
        shown += splitter.feed(text.substr(at, piece));
    }
    shown += splitter.finish();
    return {shown, splitter.follow_ups()};
}

TEST(AnswerSplitter, Parts_the_questions_from_the_answer_however_it_comes) {
    struct Case {
        std::string_view text;
        Parted expected;
    };
    const std::vector<Case> cases{
        {"An answer.\n\nSecond line: follow-up questions: no.\n\n**Follow-up questions:**\n- Why "
         "so?\n2. How?\n\n- And when?\n- Too many?",
         {"An answer.\n\nSecond line: follow-up questions: no.", {"Why so?", "How?", "And when?"}}},
        {"\n  Just this.  \n", {"Just this.", {}}},
        {"Follow-up questions:\n- Alone?", {"", {"Alone?"}}},
        {"Ends with Follow", {"Ends with Follow", {}}},
        {"A\nfollow-up is due\n* item", {"A\nfollow-up is due\n* item", {}}},
        {"", {"", {}}},
    };
    for (const auto& item : cases) {
        for (std::size_t piece = 1; piece <= item.text.size() + 1; ++piece) {
            EXPECT_EQ(part(item.text, piece), item.expected) << item.text << " by " << piece;
        }
    }
}

TEST(AnswerSplitter, Keeps_the_block_behind_the_answer_however_it_comes) {
    struct Case {
        std::string_view text, answer, block;
    };
    const std::vector<Case> cases{
        {"Yes.\n\n```sources\n{\"a\": 1}\n```\nbye", "Yes.", "\n{\"a\": 1}\n"},
        {"Yes.\n\nFollow-up questions:\n- Why?\n```sources\n{}\n```", "Yes.", "\n{}\n"},
        {"Yes.\n```sources\n{\"a\": 1", "Yes.", "\n{\"a\": 1"},
        {"See ```sources``` there", "See ```sources``` there", ""},
        {"Code:\n```json\n{}\n```", "Code:\n```json\n{}\n```", ""},
    };
    for (const auto& item : cases) {
        for (std::size_t piece = 1; piece <= item.text.size() + 1; ++piece) {
            AnswerSplitter splitter;
            std::string shown;
            for (std::size_t at = 0; at < item.text.size(); at += piece) {
                shown += splitter.feed(item.text.substr(at, piece));
            }
            shown += splitter.finish();
            EXPECT_EQ(shown, item.answer) << item.text << " by " << piece;
            EXPECT_EQ(splitter.block(), item.block) << item.text << " by " << piece;
        }
    }
}

}  // namespace
}  // namespace stoa::llm
