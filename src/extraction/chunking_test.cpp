// SPDX-License-Identifier: Apache-2.0
#include "extraction/chunking.hpp"

#include "base/json.hpp"
#include "base/text.hpp"

#include <fstream>
#include <iterator>
#include <string>

#include <boost/describe.hpp>
#include <gtest/gtest.h>

namespace stoa::extraction {
namespace {

struct Case {
    int size = 0;
    int overlap = 0;
    std::string text;
    std::vector<std::string> chunks;
};
BOOST_DESCRIBE_STRUCT(Case, (), (size, overlap, text, chunks))
struct Cases {
    std::vector<Case> cases;
};
BOOST_DESCRIBE_STRUCT(Cases, (), (cases))

std::vector<std::string> split(const std::string& text, const ChunkOptions& options) {
    Page page;
    page.number = 3;
    page.text = text;
    std::vector<std::string> chunks;
    for (const Chunk& chunk : split_page(page, options, 10)) {
        EXPECT_EQ(chunk.page, 3);
        EXPECT_EQ(chunk.ordinal, 10 + static_cast<int>(chunks.size()));
        chunks.push_back(page.text.substr(chunk.begin, chunk.end - chunk.begin));
    }
    return chunks;
}

TEST(Chunking, IsThatOfLangChain) {
    std::ifstream file(EXTRACTION_FILES "/chunks.json");
    const std::string json{std::istreambuf_iterator<char>(file), {}};
    const auto vectors = json::read<Cases>(json);
    ASSERT_TRUE(vectors) << vectors.error().message;
    ASSERT_GE(vectors->cases.size(), 60U);
    for (const Case& each : vectors->cases) {
        const ChunkOptions options{static_cast<std::size_t>(each.size),
                                   static_cast<std::size_t>(each.overlap)};
        EXPECT_EQ(split(each.text, options), each.chunks) << each.size << " of " << each.text;
    }
}

TEST(Chunking, KeepsWithinTheSize) {
    std::string text;
    for (int i = 0; i < 400; ++i) text += "Sentence " + std::to_string(i) + " says é and 学. ";
    const auto chunks = split(text, {});
    ASSERT_GT(chunks.size(), 5U);
    for (const std::string& chunk : chunks) {
        EXPECT_LE(count_code_points(chunk), 1000U);
        EXPECT_TRUE(is_utf8(chunk));
    }
}

TEST(Chunking, BearsOddOptions) {
    EXPECT_EQ(split("abc", {1, 0}), (std::vector<std::string>{"a", "b", "c"}));
    EXPECT_EQ(split("ab", {0, 7}), (std::vector<std::string>{"a", "b"}));
}

}  // namespace
}  // namespace stoa::extraction
