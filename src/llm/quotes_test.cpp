// SPDX-License-Identifier: Apache-2.0
#include "llm/quotes.hpp"

#include <gtest/gtest.h>

namespace stoa::llm {
namespace {

const std::vector<Passage> passages{
    {"a", "Cells", 3,
     "The mitochondrion makes ATP.\nIt has  two\nmembranes, an outer and an inner."},
    {"b", "Plants", 9, "Chlorophyll absorbs red and blue light. Leaves look green."}};

std::string found(std::string_view quote) {
    const std::string_view text = passages[0].text;
    const auto range = find_quote(text, quote);
    return range ? std::string(text.substr(range->begin, range->end - range->begin)) : "(none)";
}

TEST(Quotes, White_space_is_all_that_may_differ) {
    EXPECT_EQ(found("It has two membranes"), "It has  two\nmembranes");
    EXPECT_EQ(found("  makes\n ATP.  "), "makes ATP.");
    EXPECT_EQ(found("it has two membranes"), "(none)");
    EXPECT_EQ(found("two membrane s"), "(none)");
    EXPECT_EQ(found(""), "(none)");
    EXPECT_EQ(found(" . "), "(none)");
    EXPECT_EQ(found("inner. And more"), "(none)");
}

std::vector<std::pair<std::size_t, std::string>> read(std::string_view answer) {
    std::vector<std::pair<std::size_t, std::string>> quotes;
    for (auto& quote : read_quotes(answer, passages))
        quotes.emplace_back(quote.passage, quote.text);
    return quotes;
}

TEST(Quotes, Are_read_with_their_marks_and_never_invented) {
    using List = std::vector<std::pair<std::size_t, std::string>>;
    EXPECT_EQ(read("It says «makes ATP» [1]."), (List{{0, "makes ATP"}}));
    EXPECT_EQ(read("“Leaves look green” and \"Leaves look green\" [2]"),
              (List{{1, "Leaves look green"}}));
    EXPECT_EQ(read("«Leaves look green» [1]"), (List{{1, "Leaves look green"}}));  // misnumbered
    EXPECT_EQ(read("«Leaves look blue» [2]"), List{});
    EXPECT_EQ(read("Chlorophyll absorbs red light [2]."),
              (List{{1, "Chlorophyll absorbs red and blue light."}}));
    EXPECT_EQ(read("Something else entirely [2]. And more [99] [0] [x] ["), List{});
    EXPECT_EQ(read("«never closed [1]"), List{});
    EXPECT_EQ(read(""), List{});
}

TEST(Quotes, Sentences_that_rest_on_none_are_found) {
    const auto unverified = [](std::string_view answer) {
        std::vector<std::string> sentences;
        for (const auto& range : find_unverified(answer, read_quotes(answer, passages))) {
            sentences.emplace_back(answer.substr(range.begin, range.end - range.begin));
        }
        return sentences;
    };
    using List = std::vector<std::string>;
    EXPECT_EQ(unverified("It says «makes ATP» [1]. It is old. Leaves: «Leaves look green» [2]!"),
              List{"It is old."});
    EXPECT_EQ(unverified("Chlorophyll absorbs red light [2]. Sound travels fast [2]."),
              List{"Sound travels fast [2]."});
    EXPECT_EQ(unverified("In short:\n\n«Leaves look green» [2]\n\nWhy is that so?"), List{});
    EXPECT_EQ(unverified("It says «Leaves look blue» [2]."),
              List{"It says «Leaves look blue» [2]."});
    EXPECT_EQ(unverified("«makes ATP» [1]\n\nAnd «makes ATP» [1] again."), List{});
    EXPECT_EQ(unverified(""), List{});
}

}  // namespace
}  // namespace stoa::llm
