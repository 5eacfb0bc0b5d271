// SPDX-License-Identifier: Apache-2.0
#include "app/rate_window.hpp"

#include <gtest/gtest.h>

namespace stoa::app {
namespace {

constexpr std::int64_t minute = 60'000;
constexpr std::int64_t begin = 1'000'000'000;

int count_allowed(RateWindow& window, int asked, std::int64_t limit, std::int64_t now) {
    int allowed = 0;
    for (int i = 0; i < asked; ++i) allowed += take(window, limit, minute, now).allowed ? 1 : 0;
    return allowed;
}

TEST(RateWindow, AllowsJustTheLimitAndTellsWhatIsLeft) {
    RateWindow window;
    const auto first = take(window, 3, minute, begin);
    EXPECT_TRUE(first.allowed);
    EXPECT_EQ(first.remaining, 2);
    EXPECT_EQ(first.reset, minute);
    EXPECT_EQ(take(window, 3, minute, begin + 1'000).reset, minute - 1'000);
    EXPECT_EQ(take(window, 3, minute, begin + 2'000).remaining, 0);
    EXPECT_EQ(count_allowed(window, 100, 3, begin + minute - 1), 0);
}

TEST(RateWindow, SaysExactlyWhenOneIsAllowedAgain) {
    for (const std::int64_t limit : {1, 2, 3, 7, 60, 600}) {
        for (const std::int64_t pause : {0, 1, 13'000, 59'999, 60'000, 61'001, 90'500, 119'999}) {
            RateWindow window;
            count_allowed(window, 1'000, limit, begin);
            count_allowed(window, 1'000, limit, begin + pause);
            const auto now = begin + std::max(pause, minute / 2);
            const auto refused = take(window, limit, minute, now);
            if (refused.allowed) continue;
            auto early = window;
            EXPECT_FALSE(take(early, limit, minute, now + refused.reset - 1).allowed)
                << limit << ' ' << pause;
            EXPECT_TRUE(take(window, limit, minute, now + refused.reset).allowed)
                << limit << ' ' << pause;
        }
    }
}

TEST(RateWindow, LetsTheNextOnesComeEvenlyAfterABurst) {
    RateWindow window;
    EXPECT_EQ(count_allowed(window, 1'000, 60, begin), 60);
    EXPECT_EQ(count_allowed(window, 1'000, 60, begin + minute), 0) << "no second burst";
    EXPECT_EQ(count_allowed(window, 1'000, 60, begin + minute + minute / 2), 30);
    EXPECT_EQ(count_allowed(window, 1'000, 60, begin + 4 * minute), 60) << "all forgotten";
}

TEST(RateWindow, TakesAClockThatGoesBackAndALimitThatFalls) {
    RateWindow window;
    EXPECT_EQ(count_allowed(window, 5, 10, begin), 5);
    EXPECT_EQ(take(window, 10, minute, begin - 1'000).reset, minute);
    EXPECT_FALSE(take(window, 2, minute, begin).allowed);
    EXPECT_GT(take(window, 2, minute, begin).reset, minute);
}

TEST(LocalRates, KeepsTheKeysApart) {
    LocalRates rates;
    EXPECT_TRUE(rates.take("a", 1, minute, begin).allowed);
    EXPECT_FALSE(rates.take("a", 1, minute, begin).allowed);
    EXPECT_TRUE(rates.take("b", 1, minute, begin).allowed);
}

TEST(LocalRates, ForgetsTheOldestWhenManyKeysCome) {
    LocalRates rates;
    std::int64_t now = begin;
    EXPECT_TRUE(rates.take("old", 1, minute, now).allowed);
    for (std::size_t i = 0; i < 16 * LocalRates::capacity; ++i) {
        EXPECT_TRUE(rates.take("key" + std::to_string(i), 1, minute, ++now).allowed);
    }
    EXPECT_TRUE(rates.take("old", 1, minute, begin).allowed) << "its place was taken";
    EXPECT_FALSE(
        rates.take("key" + std::to_string(16 * LocalRates::capacity - 1), 1, minute, now).allowed);
}

}  // namespace
}  // namespace stoa::app
