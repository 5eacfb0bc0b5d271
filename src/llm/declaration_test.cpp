// SPDX-License-Identifier: Apache-2.0
#include "llm/declaration.hpp"

#include <gtest/gtest.h>

namespace stoa::llm {
namespace {

const std::vector<Passage> passages{{"a", "Metals", 2, "Caesium boils at 671 degrees. It melts."},
                                    {"b", "Leaves", 3, "Leaves look green."}};

Completion completed(std::string answer, std::string_view block) {
    Completion completion;
    completion.answer = std::move(answer);
    complete_by(read_declaration(block), {"Listed?"}, passages, completion);
    return completion;
}

TEST(Declaration, Is_read_whole_or_not_at_all) {
    const auto good =
        read_declaration(R"( {"in_documents":true,"quotes":[{"passage":1,"text":"x"}],)"
                         R"("follow_up_questions":["Y?"]} )");
    ASSERT_TRUE(good);
    EXPECT_EQ(good->quotes.items.size(), 1U);
    for (const std::string_view bad :
         {"", "null", "[]", "{", R"({"in_documents":true})",
          R"({"in_documents":1,"quotes":[],"follow_up_questions":[]})",
          R"({"in_documents":true,"quotes":[{"passage":0,"text":"x"}],"follow_up_questions":[]})",
          R"({"in_documents":true,"quotes":[{"passage":1,"text":""}],"follow_up_questions":[]})",
          R"({"in_documents":true,"quotes":[],"follow_up_questions":[7]})",
          R"({"in_documents":true,"quotes":[],"follow_up_questions":[],"more":1})"}) {
        EXPECT_FALSE(read_declaration(bad)) << bad;
    }
}

TEST(Declaration, What_it_quotes_counts_only_where_it_stands) {
    const auto completion =
        completed("It boils at 671 degrees; «Leaves look green.» [2]",
                  R"({"in_documents":true,"quotes":[{"passage":1,"text":"boils at 671 degrees"},
            {"passage":1,"text":"boils at 5 degrees"},{"passage":2,"text":"Leaves look green."},
            {"passage":9,"text":"Leaves look green."},{"passage":1,"text":"It melts."}],
            "follow_up_questions":["A?","B?","C?","D?"]})");
    ASSERT_EQ(completion.quotes.size(), 3U);
    EXPECT_EQ(completion.quotes[0].text, "Leaves look green.");
    EXPECT_EQ(completion.quotes[1].text, "boils at 671 degrees");
    EXPECT_EQ(completion.quotes[1].said, (std::vector<Range>{{3, 23}}));
    EXPECT_EQ(completion.quotes[2].text, "It melts.");
    EXPECT_TRUE(completion.quotes[2].said.empty());
    EXPECT_EQ(completion.follow_ups, (std::vector<std::string>{"A?", "B?", "C?"}));
    EXPECT_TRUE(completion.is_in_documents);
}

TEST(Declaration, Says_or_the_answer_does_that_the_documents_do_not_answer) {
    const auto declared =
        completed("Nothing on that: «Leaves look green.» [2]",
                  R"({"in_documents":false,"quotes":[{"passage":1,"text":"It melts."}],)"
                  R"("follow_up_questions":[]})");
    EXPECT_FALSE(declared.is_in_documents);
    EXPECT_TRUE(declared.quotes.empty());
    const auto said = completed("That is Not in these documents.", "{broken");
    EXPECT_FALSE(said.is_in_documents);
    EXPECT_EQ(said.follow_ups, std::vector<std::string>{"Listed?"});
    EXPECT_TRUE(completed("It melts.", "").is_in_documents);
}

}  // namespace
}  // namespace stoa::llm
