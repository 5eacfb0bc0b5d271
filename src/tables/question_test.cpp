// SPDX-License-Identifier: Apache-2.0
#include "tables/question.hpp"

#include "tables/question_words.hpp"

#include <gtest/gtest.h>

namespace stoa::tables {
namespace {

std::vector<ColumnProfile> columns() {
    const auto column = [](const char* name, ColumnType type) {
        ColumnProfile profile;
        profile.name = name;
        profile.type = type;
        return profile;
    };
    return {column("species", ColumnType::text), column("petal_length", ColumnType::number),
            column("price", ColumnType::integer), column("name", ColumnType::text),
            column("Unit price", ColumnType::number)};
}

/// The plan as a sentence, or the code of the refusal.
std::string plan_of(std::string_view question) {
    const auto plan = plan_question(question, columns());
    return plan ? describe(*plan) : std::string(plan.error().code);
}

TEST(Question, BecomesAPlan) {
    EXPECT_EQ(plan_of("How many rows are there?"), "Number of rows.");
    EXPECT_EQ(plan_of("how many rows are there where species is Iris setosa?"),
              "Number of rows where species is iris setosa.");
    EXPECT_EQ(plan_of("What is the mean of petal length by species?"),
              "Mean of petal_length by species.");
    EXPECT_EQ(plan_of("average unit price per species where price >= 3 and name contains \"a b\""),
              "Mean of Unit price by species where price ≥ 3 and name contains a b.");
    EXPECT_EQ(plan_of("median price and maximum price for each species and name"),
              "Median of price, max of price by species, name.");
    EXPECT_EQ(plan_of("top 5 names by price"),
              "name, price of the rows, by price, greatest first, at most 5.");
    EXPECT_EQ(plan_of("bottom 3 species by mean price"),
              "Mean of price by species, by mean(price), least first, at most 3.");
    EXPECT_EQ(plan_of("top 2 rows by petal length where species is not setosa"),
              "rows where species is not setosa, by petal_length, greatest first, at most 2.");
    EXPECT_EQ(plan_of("Which name has the highest price?"),
              "name, price of the rows, by price, greatest first, at most 1.");
    EXPECT_EQ(plan_of("which species has the most rows"),
              "Number of rows by species, by count, greatest first, at most 1.");
    EXPECT_EQ(plan_of("number of rows where price is missing"),
              "Number of rows where price is missing.");
    EXPECT_EQ(plan_of("sum of price where petal_length is less than -1.5"),
              "Sum of price where petal_length < -1.5.");
}

TEST(Question, IsRefusedUnlessAllOfItIsUnderstood) {
    for (const char* question :
         {"", "hello", "how many typos are there", "mean of species", "mean of height",
          "what is the mean price in Rome", "how many rows have blue petals",
          "why is the price so high", "top 5 by", "mean price where price is above many",
          "top 0 names by price", "delete all rows"}) {
        EXPECT_EQ(plan_of(question), "question_not_understood") << question;
    }
    EXPECT_NE(plan_question("mean price in Rome", columns()).error().message.find("\"in\""),
              std::string::npos);
}

TEST(Question, IsToldFromOthersWithoutColumns) {
    for (const char* asked : {"How many rows are there?", "mean price", "Number of rows by name",
                              "top 3 names by price", "which name has the highest price"}) {
        EXPECT_TRUE(may_ask_for_computation(asked)) << asked;
    }
    for (const char* asked : {"What is a delta?", "How does it boil?", "The number is what?", ""}) {
        EXPECT_FALSE(may_ask_for_computation(asked)) << asked;
    }
}

TEST(Question, MayNameItsTable) {
    const auto asked = [](const char* question, const char* name) {
        const auto taken = take_name(question, name);
        return std::to_string(taken.name_words) + ": " + taken.question;
    };
    EXPECT_EQ(asked("How many rows are in flowers.csv?", "flowers.csv"), "1: how many rows are");
    EXPECT_EQ(asked("mean price of the Iris Flowers table by name", "Iris flowers"),
              "2: mean price by name");
    EXPECT_EQ(asked("rows in \"Iris\" where name is \"a b\"", "iris"),
              "1: rows where name is \"a b\"");
    EXPECT_EQ(asked("How many rows?", "flowers.csv"), "0: How many rows?");
    EXPECT_EQ(asked("How many rows of it?", "it"), "0: How many rows of it?");
    EXPECT_EQ(asked("How many rows?", "…"), "0: How many rows?");
}

}  // namespace
}  // namespace stoa::tables
