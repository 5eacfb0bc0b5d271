// SPDX-License-Identifier: Apache-2.0
#include "llm/text_analysis.hpp"

#include <gtest/gtest.h>

namespace stoa::llm {
namespace {

std::vector<std::string> sentences_of(std::string_view text) {
    std::vector<std::string> sentences;
    for (const auto& range : split_sentences(text)) {
        sentences.emplace_back(text.substr(range.begin, range.end - range.begin));
    }
    return sentences;
}

TEST(TextAnalysis, Sentences_end_where_readers_think_they_do) {
    using List = std::vector<std::string>;
    EXPECT_EQ(
        sentences_of("Dr. A. Smith came at 3.5 km, e.g. by bus. Was he late? \"Yes!\" He was."),
        (List{"Dr. A. Smith came at 3.5 km, e.g. by bus.", "Was he late?", "\"Yes!\"", "He was."}));
    EXPECT_EQ(sentences_of("The cell\nThe cell is the unit of life, and it is found in all living "
                           "things that\nwe know. It divides.\n\nNext part"),
              (List{"The cell",
                    "The cell is the unit of life, and it is found in all living things that\nwe "
                    "know.",
                    "It divides.", "Next part"}));
    EXPECT_EQ(sentences_of("  \n "), List{});
    EXPECT_EQ(sentences_of(""), List{});
    EXPECT_EQ(sentences_of("no stop at all"), List{"no stop at all"});
}

TEST(TextAnalysis, Terms_are_what_carries_meaning) {
    EXPECT_EQ(terms_of("What are the membranes of the cells?"),
              (std::set<std::string>{"membran", "cell"}));
    EXPECT_DOUBLE_EQ(coverage(terms_of("running speed"), terms_of("He runs at a speed of 3.")), 1);
    EXPECT_DOUBLE_EQ(coverage({}, terms_of("words")), 0);
}

TEST(TextAnalysis, A_question_that_says_little_takes_the_one_before_it) {
    const std::vector<Turn> turns{{Turn::Role::user, "Who wrote the Organon?"},
                                  {Turn::Role::assistant, "Aristotle."}};
    EXPECT_EQ(standalone_question(turns, "When?"), "Who wrote the Organon? When?");
    EXPECT_EQ(standalone_question(turns, "Where did Plato found his school?"),
              "Where did Plato found his school?");
    EXPECT_EQ(standalone_question({}, "When?"), "When?");
}

TEST(TextAnalysis, Headings_are_short_lines_that_begin_like_one) {
    EXPECT_EQ(find_headings("2.1 The Calvin cycle\nCarbon dioxide is fixed by an enzyme, and so on "
                            "it goes for the rest of this line.\n42\nSee also:\nx = 3"),
              std::vector<std::string>{"The Calvin cycle"});
}

}  // namespace
}  // namespace stoa::llm
