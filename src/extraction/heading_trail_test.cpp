// SPDX-License-Identifier: Apache-2.0
#include "extraction/heading_trail.hpp"

#include <gtest/gtest.h>

namespace stoa::extraction {
namespace {

Page page_of(std::string text, std::vector<Heading> headings) {
    Page page;
    page.text = std::move(text);
    page.headings = std::move(headings);
    return page;
}

TEST(HeadingTrail, NamesTheHeadingsOverAPlace) {
    HeadingTrail trail;
    const Page first =
        page_of("before\nRivers\nof sand\ntext\nDeltas\nmore", {{7, 21, 1}, {27, 33, 2}});
    EXPECT_EQ(trail.path_at(first, 0), "");
    EXPECT_EQ(trail.path_at(first, 7), "Rivers of sand");
    EXPECT_EQ(trail.path_at(first, 26), "Rivers of sand");
    EXPECT_EQ(trail.path_at(first, 34), "Rivers of sand \u203A Deltas");
    trail.pass(first);
    const Page second = page_of("goes on\nTides\nmoon\nBread", {{8, 13, 2}, {19, 24, 1}});
    EXPECT_EQ(trail.path_at(second, 0), "Rivers of sand \u203A Deltas");
    EXPECT_EQ(trail.path_at(second, 10), "Rivers of sand \u203A Tides");
    EXPECT_EQ(trail.path_at(second, 20), "Bread");
    EXPECT_EQ(trail.path_at(page_of("## Silt\ntext\n## Mud", {{3, 7, 2}, {16, 19, 2}}), 0),
              "Rivers of sand \u203A Silt");
    EXPECT_EQ(nearest_heading(trail.path_at(second, 10)), "Tides");
    EXPECT_EQ(nearest_heading("Bread"), "Bread");
    EXPECT_EQ(nearest_heading(""), "");
}

TEST(HeadingTrail, LeavesOutLevelsThatAreMissingAndCutsWhatIsLong) {
    HeadingTrail trail;
    const std::string longest(300, 'x');
    Page page = page_of("A\nB\n" + longest, {{0, 1, 1}, {2, 3, 4}, {4, 304, 6}});
    trail.pass(page);
    const auto path = trail.path_at(page_of("text", {}), 0);
    EXPECT_EQ(path, "A \u203A B \u203A " + std::string(200, 'x'));
}

}  // namespace
}  // namespace stoa::extraction
