// SPDX-License-Identifier: Apache-2.0
#include "redis/fact_cache.hpp"

#include "support/private_redis.hpp"

#include <atomic>

#include <gtest/gtest.h>

namespace stoa::redis {
namespace {

using namespace std::chrono_literals;

class FactCacheTest : public ::testing::Test {
  protected:
    /// What the cache says while the truth is `truth`.
    int ask(FactCache<int>& cache, int truth, const std::string& detail = "detail") {
        return *cache.get("user:1", detail, [&]() -> Result<int> { return truth; });
    }

    testing::PrivateRedis server_;
    Metrics metrics_;
    Client client_{{.url = server_.url()}, metrics_};
    Invalidations here_{client_};
    std::chrono::steady_clock::time_point now_ = std::chrono::steady_clock::now();
    FactCache<int> cache_{"test", 100, here_, metrics_, [this] { return now_; }};
};

TEST_F(FactCacheTest, A_fact_is_kept_for_less_than_a_second) {
    EXPECT_EQ(ask(cache_, 1), 1);
    EXPECT_EQ(ask(cache_, 2), 1);
    EXPECT_EQ(ask(cache_, 2, "other"), 2);
    now_ += fact_age_max;
    EXPECT_EQ(ask(cache_, 3), 3);
    EXPECT_LT(fact_age_max, 1s);
}

TEST_F(FactCacheTest, An_announced_change_ends_it_at_once) {
    EXPECT_EQ(ask(cache_, 1), 1);
    here_.announce("user:2");
    EXPECT_EQ(ask(cache_, 2), 1);
    here_.announce("user:1");
    EXPECT_EQ(ask(cache_, 2), 2);
    server_.kill_hard();
    here_.announce("user:1");
    EXPECT_EQ(ask(cache_, 3), 3) << "this node needs no Redis for that";
}

TEST_F(FactCacheTest, What_was_read_while_it_changed_is_not_kept) {
    const auto read_old = [&]() -> Result<int> {
        here_.announce("user:1");  // committed and told after the old value was read
        return 1;
    };
    EXPECT_EQ(*cache_.get("user:1", "detail", read_old), 1);
    EXPECT_EQ(ask(cache_, 2), 2);
}

TEST_F(FactCacheTest, Failures_are_not_kept) {
    const auto fails = []() -> Result<int> {
        return fail(ErrorKind::internal, "a_bug", "It fails.");
    };
    EXPECT_FALSE(cache_.get("user:1", "detail", fails));
    EXPECT_EQ(ask(cache_, 1), 1);
}

struct Right {
    int value = 0;
    std::optional<std::chrono::milliseconds> ends_in{};
};

TEST_F(FactCacheTest, A_fact_that_ends_sooner_is_not_kept_longer) {
    FactCache<Right> rights("rights", 100, here_, metrics_, [this] { return now_; });
    const auto ask_right = [&](Right truth) {
        return rights.get("document:1", "", [&]() -> Result<Right> { return truth; })->value;
    };
    EXPECT_EQ(ask_right({1, 50ms}), 1);
    now_ += 49ms;
    EXPECT_EQ(ask_right({2, {}}), 1);
    now_ += 1ms;
    EXPECT_EQ(ask_right({2, 3600s}), 2);
    now_ += fact_age_max;
    EXPECT_EQ(ask_right({3, -1ms}), 3) << "a late end is no reason to keep it longer";
    EXPECT_EQ(ask_right({4, {}}), 4) << "one that was over when it was read is not kept";
}

TEST_F(FactCacheTest, Changes_of_another_kind_may_end_all) {
    FactCache<int> rights("rights", 100, here_, metrics_, [this] { return now_; }, "room:");
    EXPECT_EQ(ask(rights, 1), 1);
    here_.announce("document:7");
    EXPECT_EQ(ask(rights, 2), 1);
    here_.announce("room:7");
    EXPECT_EQ(ask(rights, 2), 2);
}

TEST_F(FactCacheTest, It_is_bounded) {
    for (int i = 0; i < 300; ++i) ask(cache_, i, std::to_string(i));
    EXPECT_EQ(ask(cache_, -1, "99"), 99);
    EXPECT_EQ(ask(cache_, -1, "299"), -1) << "there was no room";
    now_ += fact_age_max;
    EXPECT_EQ(ask(cache_, 1, "299"), 1);
    EXPECT_EQ(ask(cache_, -1, "299"), 1) << "the old ones made room";
}

TEST_F(FactCacheTest, Other_nodes_hear_and_a_gap_ends_everything) {
    Invalidations there(client_);
    there.listen({.url = server_.url()});
    std::atomic<int> everything = 0;
    std::atomic<int> users = 0;
    there.add_listener(
        this, [&](std::optional<std::string_view> subject) { ++(subject ? users : everything); });
    ASSERT_TRUE(testing::wait_until([&] {
        here_.announce("user:1");
        return users > 0;
    }));
    const int before = everything;
    server_.kill_hard();
    server_.start();
    EXPECT_TRUE(testing::wait_until([&] { return everything > before; }));
}

}  // namespace
}  // namespace stoa::redis
