// SPDX-License-Identifier: Apache-2.0
#include "documents/approximate_match.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace stoa::documents {
namespace {

/// Sellers' algorithm, the whole matrix: what the bit vectors must agree with.
std::size_t least_errors(std::u32string_view text, std::u32string_view pattern) {
    std::vector<std::size_t> row(text.size() + 1, 0);
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        auto diagonal = std::exchange(row[0], i + 1);
        for (std::size_t k = 0; k < text.size(); ++k) {
            const auto change = diagonal + (pattern[i] == text[k] ? 0U : 1U);
            diagonal = row[k + 1];
            row[k + 1] = std::min({change, row[k] + 1, row[k + 1] + 1});
        }
    }
    return *std::ranges::min_element(row);
}

std::size_t distance(std::u32string_view a, std::u32string_view b) {
    return static_cast<std::size_t>(
        std::lround((1 - similarity_of(a, b)) * static_cast<double>(std::max(a.size(), b.size()))));
}

TEST(ApproximateMatch, Agrees_with_the_whole_matrix) {
    std::mt19937 random(7);
    const auto make = [&](std::size_t size) {
        std::u32string text;
        for (std::size_t i = 0; i < size; ++i) text.push_back(U"abcd"[random() % 4]);
        return text;
    };
    for (const auto size : std::vector<std::size_t>{1, 2, 7, 63, 64, 65, 127, 128, 129, 300}) {
        for (int round = 0; round < 20; ++round) {
            const auto text = make(400);
            // Half of the patterns are changed copies of a part.
            auto pattern = round % 2 == 0 ? make(size) : text.substr(random() % 90, size);
            for (std::size_t i = 0; i < size / 10; ++i) pattern[random() % size] = U'x';
            const auto expected = least_errors(text, pattern);
            const auto match = find_approximate(text, pattern, pattern.size() - 1);
            ASSERT_EQ(match.has_value(), expected < pattern.size());
            if (!match) continue;
            EXPECT_EQ(match->errors, expected) << size;
            const auto part =
                text.substr(match->range.begin, match->range.end - match->range.begin);
            EXPECT_EQ(distance(part, pattern), expected) << size;
        }
    }
}

TEST(ApproximateMatch, Finds_the_words_and_no_more) {
    const std::u32string text = U"It was seen that the heart of a hummingbird beats quickly.";
    const auto match = find_approximate(text, U"heart of the hummingbird", 5);
    ASSERT_TRUE(match);
    EXPECT_EQ(text.substr(match->range.begin, match->range.end - match->range.begin),
              U"heart of a hummingbird");
    EXPECT_EQ(match->errors, 3U);
    EXPECT_FALSE(find_approximate(text, U"heart of the hummingbird", 2));
    EXPECT_FALSE(find_approximate(text, U"", 2));
    EXPECT_FALSE(find_approximate(U"", U"heart", 2));
}

TEST(ApproximateMatch, Similarity_is_one_less_the_share_of_edits) {
    EXPECT_EQ(similarity_of(U"", U""), 1);
    EXPECT_EQ(similarity_of(U"abcd", U"abcd"), 1);
    EXPECT_EQ(similarity_of(U"abcd", U"abxd"), 0.75);
    EXPECT_EQ(similarity_of(U"abcd", U""), 0);
}

TEST(ApproximateMatch, Likely_places_are_where_the_pieces_stand_together) {
    std::string text;
    for (int i = 0; i < 3'000; ++i)
        text += "filler number " + std::to_string(i * 37 % 1'000) + ". ";
    const std::string pattern = "A sail works like a wing that stands upright in the wind.";
    const std::string changed = "A sail acts like a wing which stands upright in the breeze.";
    const auto at = text.find("number 9", text.size() / 2);
    text.insert(at, changed);
    const auto places = find_likely_places(text, pattern, 4);
    ASSERT_FALSE(places.begins.empty());
    EXPECT_LE(std::abs(places.begins[0] - static_cast<std::ptrdiff_t>(at)),
              static_cast<std::ptrdiff_t>(places.slack));
    EXPECT_TRUE(find_likely_places(text, "short", 4).begins.empty());
    EXPECT_TRUE(find_likely_places("", pattern, 4).begins.empty());
    EXPECT_LE(find_likely_places(std::string(50'000, 'a'), std::string(100, 'a'), 4).begins.size(),
              4U);
}

}  // namespace
}  // namespace stoa::documents
