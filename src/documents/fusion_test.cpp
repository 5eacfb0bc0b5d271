// SPDX-License-Identifier: Apache-2.0
#include "documents/fusion.hpp"

#include <array>

#include <gtest/gtest.h>

namespace stoa::documents {
namespace {

TEST(Fusion, What_both_rankings_know_beats_what_one_knows_best) {
    const auto a = ChunkId::make(), b = ChunkId::make(), c = ChunkId::make();
    const std::array<std::vector<ChunkId>, 2> rankings{{{a, b}, {c, b}}};
    const auto fused = fuse(rankings);
    ASSERT_EQ(fused.size(), 3U);
    EXPECT_EQ(fused[0].chunk, b);
    EXPECT_EQ(fused[1].chunk, a);  // as good as c, seen before it
    EXPECT_EQ(fused[2].chunk, c);
    EXPECT_DOUBLE_EQ(fused[0].score, (2.0 / 62) / (2.0 / 61));
}

TEST(Fusion, First_everywhere_is_one_and_repetition_counts_once) {
    const auto a = ChunkId::make(), b = ChunkId::make();
    const std::array<std::vector<ChunkId>, 2> rankings{{{a, a, a, b}, {a}}};
    const auto fused = fuse(rankings);
    ASSERT_EQ(fused.size(), 2U);
    EXPECT_EQ(fused[0].chunk, a);
    EXPECT_DOUBLE_EQ(fused[0].score, 1);
    EXPECT_DOUBLE_EQ(fused[1].score, (1.0 / 62) / (2.0 / 61));
    EXPECT_TRUE(fuse(std::array<std::vector<ChunkId>, 2>{}).empty());
}

}  // namespace
}  // namespace stoa::documents
