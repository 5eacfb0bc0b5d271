// SPDX-License-Identifier: Apache-2.0
#include "redis/subscriber.hpp"

#include "support/private_redis.hpp"

#include <atomic>
#include <mutex>

#include <gtest/gtest.h>

namespace stoa::redis {
namespace {

using namespace std::chrono_literals;

class SubscriberTest : public ::testing::Test {
  protected:
    Subscriber::Handlers handlers() {
        return {[this](std::string_view channel, std::string_view payload) {
                    const std::lock_guard lock(mutex_);
                    heard_.push_back(std::string(channel) + " " + std::string(payload));
                },
                [this] { ++gaps_; }};
    }
    std::vector<std::string> heard() {
        const std::lock_guard lock(mutex_);
        return heard_;
    }

    testing::PrivateRedis server_;
    Metrics metrics_;
    Client client_{{.url = server_.url()}, metrics_};
    std::mutex mutex_;
    std::vector<std::string> heard_;
    std::atomic<int> gaps_ = 0;
};

TEST_F(SubscriberTest, Hears_what_is_published_after_subscribe_returned) {
    Subscriber subscriber({.url = server_.url()}, handlers());
    ASSERT_TRUE(testing::wait_until([&] { return subscriber.connected() && gaps_ == 1; }));
    std::vector<std::string> expected;
    for (int i = 0; i < 50; ++i) {
        const auto channel = "room:" + std::to_string(i);
        subscriber.subscribe(channel);
        EXPECT_EQ(*client_.publish(channel, "hello"), 1);
        expected.push_back(channel + " hello");
    }
    EXPECT_TRUE(testing::wait_until([&] { return heard() == expected; }));
    EXPECT_EQ(gaps_, 1);
}

TEST_F(SubscriberTest, Unsubscribed_is_silent) {
    Subscriber subscriber({.url = server_.url()}, handlers());
    subscriber.subscribe("a");
    subscriber.subscribe("b");
    ASSERT_TRUE(testing::wait_until([&] { return gaps_ >= 1; }));
    subscriber.unsubscribe("a");
    const Command subscribers{"PUBSUB", "NUMSUB", "a"};
    ASSERT_TRUE(
        testing::wait_until([&] { return client_.run(subscribers)->items.at(1).integer == 0; }));
    EXPECT_EQ(*client_.publish("a", "x"), 0);
    EXPECT_EQ(*client_.publish("b", "last"), 1);
    EXPECT_TRUE(testing::wait_until([&] { return heard() == std::vector<std::string>{"b last"}; }))
        << "and nothing of a after that";
}

TEST_F(SubscriberTest, Comes_back_after_a_restart_and_tells_of_the_gap) {
    Subscriber subscriber({.url = server_.url()}, handlers());
    subscriber.subscribe("a");
    ASSERT_TRUE(testing::wait_until([&] { return gaps_ >= 1; }));
    const int gaps_before = gaps_;
    server_.kill_hard();
    ASSERT_TRUE(testing::wait_until([&] { return !subscriber.connected(); }));
    subscriber.subscribe("b");  // returns, though nobody can confirm
    server_.start();
    ASSERT_TRUE(testing::wait_until([&] { return gaps_ > gaps_before; }));
    EXPECT_EQ(*client_.publish("a", "1"), 1) << "at on_gap every channel is subscribed again";
    EXPECT_EQ(*client_.publish("b", "2"), 1);
    EXPECT_TRUE(
        testing::wait_until([&] { return heard() == std::vector<std::string>{"a 1", "b 2"}; }));
}

TEST_F(SubscriberTest, A_handler_may_subscribe_and_may_fail) {
    Subscriber* self = nullptr;
    std::atomic<int> seen = 0;
    auto given = handlers();
    given.on_message = [&](std::string_view channel, std::string_view) {
        ++seen;
        if (channel != "first") return;
        self->subscribe("second");
        throw std::runtime_error("a bug");
    };
    Subscriber subscriber({.url = server_.url()}, given);
    self = &subscriber;
    subscriber.subscribe("first");
    ASSERT_TRUE(testing::wait_until([&] { return subscriber.connected() && gaps_ >= 1; }));
    const int gaps_before = gaps_;
    ASSERT_TRUE(client_.publish("first", "x"));
    ASSERT_TRUE(testing::wait_until([&] { return gaps_ > gaps_before; })) << "confirmed late";
    EXPECT_EQ(*client_.publish("second", "y"), 1);
    EXPECT_TRUE(testing::wait_until([&] { return seen == 2; }));
}

TEST_F(SubscriberTest, Ends_at_once_while_Redis_is_away) {
    server_.kill_hard();
    Subscriber subscriber({.url = server_.url()}, handlers());
    subscriber.subscribe("a");
    EXPECT_FALSE(subscriber.connected());
    Subscriber wrong({.url = "nonsense"}, handlers());
    wrong.subscribe("a");
    EXPECT_FALSE(wrong.connected());
}

}  // namespace
}  // namespace stoa::redis
