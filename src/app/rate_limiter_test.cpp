// SPDX-License-Identifier: Apache-2.0
// The limiter with a Redis of its own.
#include "app/rate_limiter.hpp"

#include "support/private_redis.hpp"

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace stoa::app {
namespace {

using namespace std::chrono_literals;

class RateLimiterTest : public ::testing::Test {
  protected:
    /// Plants a window that began `age` ago by Redis' clock.
    void plant(const std::string& key, std::chrono::milliseconds age, int before, int count) {
        const auto time = client_.run({"TIME"});
        const auto now = std::stoll(time->items[0].text) * 1000;
        const auto window = std::to_string(now - age.count()) + ' ' + std::to_string(before) + ' ' +
                            std::to_string(count);
        ASSERT_TRUE(client_.run({"SET", "limit:" + key, window}));
    }

    testing::PrivateRedis server_;
    Metrics metrics_;
    redis::Options options_{.url = server_.url(), .wait_max = 10s, .command_timeout = 10s};
    redis::Client client_{options_, metrics_};
    RateLimiter limiter_{options_, 100, metrics_};
};

TEST_F(RateLimiterTest, A_thousand_at_once_from_four_nodes_are_counted_exactly) {
    constexpr int nodes = 4;
    constexpr int threads_of_a_node = 5;
    constexpr int requests_of_a_thread = 50;
    std::atomic<int> allowed = 0;
    std::vector<std::unique_ptr<RateLimiter>> limiters;
    std::vector<std::jthread> threads;
    for (int node = 0; node < nodes; ++node) {
        limiters.push_back(std::make_unique<RateLimiter>(options_, 100, metrics_));
        for (int i = 0; i < threads_of_a_node; ++i) {
            threads.emplace_back([&allowed, &limiter = *limiters.back()] {
                for (int n = 0; n < requests_of_a_thread; ++n) {
                    if (limiter.take("k", http::per_user(137, 3600s)).allowed) ++allowed;
                }
            });
        }
    }
    threads.clear();
    EXPECT_EQ(allowed, 137);
    EXPECT_NE(metrics_.expose().find("stoa_rate_limit_local_requests_total 0"), std::string::npos)
        << "no node counted for itself";
}

TEST_F(RateLimiterTest, Tells_what_is_left) {
    const auto first = limiter_.take("k", http::per_user(2, 60s));
    EXPECT_TRUE(first.allowed);
    EXPECT_EQ(first.limit, 2U);
    EXPECT_EQ(first.remaining, 1U);
    EXPECT_GT(first.reset, 0s);
    EXPECT_LE(first.reset, 60s);
    EXPECT_EQ(limiter_.take("k", http::per_user(2, 60s)).remaining, 0U);
    const auto refused = limiter_.take("k", http::per_user(2, 60s));
    EXPECT_FALSE(refused.allowed);
    EXPECT_GT(refused.reset, 0s);
    EXPECT_TRUE(limiter_.take("other", http::per_user(2, 60s)).allowed);
    EXPECT_GT(client_.run({"PTTL", "limit:k"})->integer, 0) << "Redis forgets it by itself";
}

TEST_F(RateLimiterTest, Redis_counts_as_a_lone_node_does) {
    constexpr std::int64_t length = 3'600'000;
    const http::Limit limit = http::per_user(100, 3600s);
    for (const int minutes : {1, 30, 61, 75, 90, 119, 121}) {
        for (const auto& [before, count] : {std::pair(0, 40), {100, 0}, {100, 60}, {80, 100}}) {
            plant("k", std::chrono::minutes(minutes), before, count);
            RateWindow window{1, before, count};
            const auto here = take(window, 100, length, 1 + minutes * 60'000);
            const auto there = limiter_.take("k", limit);
            EXPECT_EQ(there.allowed, here.allowed) << minutes << ' ' << before << ' ' << count;
            EXPECT_NEAR(there.remaining, static_cast<double>(here.remaining), 1);
            EXPECT_NEAR(static_cast<double>(there.reset.count()),
                        static_cast<double>(here.reset) / 1000, 5);
        }
    }
}

TEST_F(RateLimiterTest, A_percentage_of_the_table_is_allowed) {
    RateLimiter half(options_, 50, metrics_);
    EXPECT_EQ(half.take("a", http::per_user(600, 60s)).limit, 300U);
    EXPECT_EQ(half.take("b", http::per_user(1, 60s)).limit, 1U);
    RateLimiter wide(options_, 1'000'000, metrics_);
    EXPECT_EQ(wide.take("c", http::per_user(600, 60s)).remaining, 5'999'999U);
}

TEST_F(RateLimiterTest, A_node_without_redis_holds_the_limit_by_itself) {
    const auto limit = http::per_user(3, 3600s);
    EXPECT_TRUE(limiter_.take("k", limit).allowed);
    server_.kill_hard();
    int allowed = 0;
    for (int i = 0; i < 100; ++i) allowed += limiter_.take("k", limit).allowed ? 1 : 0;
    EXPECT_EQ(allowed, 3);
    EXPECT_TRUE(limiter_.take("other", limit).allowed);

    server_.start();
    EXPECT_TRUE(testing::wait_until([&] {
        limiter_.take("seen", limit);
        return client_.run({"EXISTS", "limit:seen"})->integer == 1;
    })) << "the nodes count together again, and the script is known again";
}

TEST_F(RateLimiterTest, A_silent_redis_is_asked_but_now_and_then) {
    const auto limit = http::per_user(1'000'000, 3600s);
    options_.command_timeout = 50ms;
    RateLimiter hasty(options_, 100, metrics_);
    kill(server_.pid(), SIGSTOP);
    for (int i = 0; i < 1'000; ++i) EXPECT_TRUE(hasty.take("k", limit).allowed);
    kill(server_.pid(), SIGCONT);
    const auto exposed = metrics_.expose();
    EXPECT_NE(exposed.find("stoa_rate_limit_local_requests_total 1000"), std::string::npos);
    EXPECT_TRUE(testing::wait_until([&] {
        hasty.take("seen", limit);
        return client_.run({"EXISTS", "limit:seen"})->integer == 1;
    }));
}

}  // namespace
}  // namespace stoa::app
