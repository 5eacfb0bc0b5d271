// SPDX-License-Identifier: Apache-2.0
#include "llm/extractive_model.hpp"

#include "llm/quotes.hpp"
#include "llm/text_analysis.hpp"

#include <gtest/gtest.h>

namespace stoa::llm {
namespace {

/// Stands in for the encoder: the share of the question's words.
Result<std::vector<float>> by_words(std::string_view question,
                                    std::span<const std::string_view> sentences) {
    std::vector<float> similarities;
    for (const auto& sentence : sentences) {
        similarities.push_back(
            static_cast<float>(coverage(terms_of(question), terms_of(sentence))));
    }
    return similarities;
}

Prompt make_prompt(std::string question) {
    Prompt prompt;
    prompt.question = std::move(question);
    prompt.passages = {
        {"a", "Cells", 3,
         "The power house\nThe mitochondrion produces the energy carrier ATP in\nevery cell that "
         "breathes. What is it made of? It has two membranes, an outer and an inner one."},
        {"b", "Plants", 9, "Leaves look green because chlorophyll reflects green light."}};
    return prompt;
}

struct Told {
    Result<Completion> completion = fail(ErrorKind::internal, "unset", "");
    std::string deltas;
};

Told tell(const Prompt& prompt) {
    ExtractiveModel model(by_words);
    Told told;
    told.completion = model.complete(prompt, {.on_delta = [&](std::string_view delta) {
                                         told.deltas += delta;
                                         return true;
                                     }});
    return told;
}

TEST(ExtractiveModel, Answers_with_sentences_that_stand_in_the_passages) {
    const auto prompt = make_prompt("What produces the energy carrier ATP?");
    const auto told = tell(prompt);
    ASSERT_TRUE(told.completion);
    EXPECT_EQ(told.deltas, told.completion->answer);
    EXPECT_NE(told.deltas.find("extractive"), std::string::npos);
    EXPECT_NE(told.deltas.find("page 3 of “Cells”"), std::string::npos);
    ASSERT_FALSE(told.completion->quotes.empty());
    EXPECT_EQ(told.completion->quotes[0].text,
              "The mitochondrion produces the energy carrier ATP in\nevery cell that breathes.");
    for (const auto& quote : told.completion->quotes) {
        EXPECT_TRUE(find_quote(prompt.passages[quote.passage].text, quote.text)) << quote.text;
    }
    EXPECT_FALSE(told.completion->follow_ups.empty());
}

TEST(ExtractiveModel, Says_that_it_found_nothing) {
    for (auto prompt : {make_prompt("Who won the chess championship?"), make_prompt("?")}) {
        const auto told = tell(prompt);
        ASSERT_TRUE(told.completion);
        EXPECT_TRUE(told.completion->quotes.empty());
        EXPECT_NE(told.deltas.find("not in these documents"), std::string::npos);
        prompt.passages.clear();
        EXPECT_NE(tell(prompt).deltas.find("not in these documents"), std::string::npos);
    }
}

TEST(ExtractiveModel, As_a_socratic_tutor_points_to_the_page_and_keeps_the_answer) {
    auto prompt = make_prompt("What produces the energy carrier ATP?");
    prompt.style = Style::socratic;
    const auto told = tell(prompt);
    ASSERT_TRUE(told.completion);
    EXPECT_NE(told.deltas.find("page 3"), std::string::npos);
    EXPECT_NE(told.deltas.find('?'), std::string::npos);
    EXPECT_EQ(told.deltas.find("mitochondrion"), std::string::npos);
    for (const auto& quote : told.completion->quotes) {
        EXPECT_EQ(quote.text.find("mitochondrion"), std::string::npos);
    }
}

TEST(ExtractiveModel, A_follow_up_question_is_read_with_the_one_before_it) {
    auto prompt = make_prompt("How many membranes?");
    prompt.turns = {{Turn::Role::user, "Tell me about the mitochondrion"},
                    {Turn::Role::assistant, "…"}};
    const auto told = tell(prompt);
    ASSERT_TRUE(told.completion);
    EXPECT_NE(told.deltas.find("[1], page 3"), std::string::npos);
}

TEST(ExtractiveModel, Stops_when_the_asker_is_gone_and_passes_failures_on) {
    ExtractiveModel model(by_words);
    const auto gone = model.complete(make_prompt("What produces ATP?"),
                                     {.on_delta = [](std::string_view) { return false; }});
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code, "asker_gone");
    ExtractiveModel broken(
        [](auto, auto) -> Result<std::vector<float>> { return unavailable("encoder_busy", "…"); });
    const auto failed = broken.complete(make_prompt("What produces ATP?"), {});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, "encoder_busy");
}

}  // namespace
}  // namespace stoa::llm
