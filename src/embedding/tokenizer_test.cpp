// SPDX-License-Identifier: Apache-2.0
#include "embedding/tokenizer.hpp"

#include "embedding/goldens.hpp"
#include "embedding/vocabulary.hpp"

#include <gtest/gtest.h>

namespace stoa::embedding {
namespace {

using Ids = std::vector<std::int32_t>;

Tokenizer open_tokenizer(const char* name = "vocab.txt") {
    auto tokenizer = Tokenizer::open(model_dir() / name);
    if (!tokenizer) throw std::runtime_error(tokenizer.error().message);
    return std::move(*tokenizer);
}

TEST(Tokenizer, GivesTheReferencesIdsForEveryGoldenText) {
    ASSERT_EQ(goldens().size(), 202U);
    for (const auto* name : {"vocab.txt", "tokenizer.json"}) {
        const auto tokenizer = open_tokenizer(name);
        for (const auto& golden : goldens()) {
            EXPECT_EQ(tokenizer.encode(golden.text), golden.ids) << name << ": " << golden.text;
        }
    }
}

TEST(Tokenizer, CutsLongTextBeforeTheSeparator) {
    const auto tokenizer = open_tokenizer();
    std::string text;
    for (int i = 0; i < 1000; ++i) text += "hello ";
    const auto ids = tokenizer.encode(text);
    ASSERT_EQ(ids.size(), 256U);
    EXPECT_EQ(ids.front(), 101);
    EXPECT_EQ(ids[254], 7592);
    EXPECT_EQ(ids.back(), 102);
    EXPECT_EQ(tokenizer.encode(text, 8).size(), 8U);
    EXPECT_EQ(tokenizer.encode(text, 0), (Ids{101, 102}));
    EXPECT_EQ(tokenizer.encode("unbelievably", 3).size(), 3U);  // cut within a word
}

TEST(Tokenizer, ReadsWhatIsNotUtf8AsNothing) {
    const auto tokenizer = open_tokenizer();
    const auto hello = tokenizer.encode("hello");
    for (const std::string bad :
         {"\xFF", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82"}) {
        EXPECT_EQ(tokenizer.encode("hel" + bad + "lo"), hello);
        EXPECT_EQ(tokenizer.encode(bad), (Ids{101, 102}));
    }
    EXPECT_EQ(tokenizer.encode(std::string("hel\0lo", 6)), hello);
}

TEST(Tokenizer, TakesSpecialTokensInTextAsTheReferenceDoes) {
    const auto tokenizer = open_tokenizer();
    EXPECT_EQ(tokenizer.encode("a [MASK] b[SEP]"), (Ids{101, 1037, 103, 1038, 102, 102}));
    EXPECT_EQ(tokenizer.encode("[mask]"), (Ids{101, 1031, 7308, 1033, 102}));
}

TEST(Tokenizer, GivesUnknownForAWordOfOver100CodePoints) {
    const auto tokenizer = open_tokenizer();
    EXPECT_GT(tokenizer.encode(std::string(100, 'a')).size(), 3U);
    EXPECT_EQ(tokenizer.encode(std::string(101, 'a')), (Ids{101, 100, 102}));
    EXPECT_EQ(tokenizer.encode(std::string(1U << 20U, 'a') + " a"), (Ids{101, 100, 1037, 102}));
}

TEST(Vocabulary, RefusesOtherFiles) {
    EXPECT_EQ(Tokenizer::open("/nowhere/vocab.txt").error().code, "model_missing");
    for (const std::string text : {"", "a\nb\n", "\n\n\n"}) {
        EXPECT_EQ(Vocabulary::parse_lines(text).error().code, "model_corrupt");
    }
    EXPECT_EQ(Vocabulary::parse_lines(std::string(2U << 20U, '\n')).error().code, "model_corrupt");
    for (const std::string text :
         {"", "{}", "[]", R"({"model":1})", R"({"model":{"vocab":[]}})",
          R"({"model":{"vocab":{"a":-1}}})", R"({"model":{"vocab":{"a":1e99,"b":5}}})",
          R"({"model":{"vocab":{"a":0,"b":0}}})"}) {
        EXPECT_EQ(Vocabulary::parse_json(text).error().code, "model_corrupt") << text;
    }
}

}  // namespace
}  // namespace stoa::embedding
