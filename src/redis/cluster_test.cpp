// SPDX-License-Identifier: Apache-2.0
// The client and the subscriber on a Redis Cluster of six processes.
#include "redis/slots.hpp"
#include "redis/subscriber.hpp"
#include "support/private_redis_cluster.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

namespace stoa::redis {
namespace {

using namespace std::chrono_literals;
using testing::wait_until;

class RedisClusterTest : public ::testing::Test {
  protected:
    std::string key(std::size_t master, int n = 0) const {
        for (int i = 0;; ++i) {
            auto key = "key:" + std::to_string(n) + ":" + std::to_string(i);
            if (testing::PrivateRedisCluster::owner_of(slot_of_key(key)) == master) return key;
        }
    }
    /// The slot goes from one master to the next, as redis-cli does it, up to the last step.
    void begin_migration(unsigned slot, std::size_t from, std::size_t to) {
        const auto number = std::to_string(slot);
        cluster_.ask(to, {"CLUSTER", "SETSLOT", number, "IMPORTING", cluster_.id(from)});
        cluster_.ask(from, {"CLUSTER", "SETSLOT", number, "MIGRATING", cluster_.id(to)});
    }
    void end_migration(unsigned slot, std::size_t to) {
        for (const std::size_t i : {to, (to + 1) % 3, (to + 2) % 3})
            cluster_.ask(i, {"CLUSTER", "SETSLOT", std::to_string(slot), "NODE", cluster_.id(to)});
    }
    void migrate_key(const std::string& name, std::size_t from, std::size_t to) {
        cluster_.ask(from, {"MIGRATE", "127.0.0.1", std::to_string(cluster_.node(to).port()), name,
                            "0", "1000"});
    }
    double redirects(const std::string& kind) {
        const auto text = metrics_.expose();
        const auto name = "stoa_redis_redirects_total{kind=\"" + kind + "\"} ";
        const auto at = text.find(name);
        return at == std::string::npos ? 0 : std::stod(text.substr(at + name.size()));
    }

    testing::PrivateRedisCluster cluster_;
    Metrics metrics_;
    Client client_{{.url = cluster_.url(), .command_timeout = 2s}, metrics_};
};

TEST_F(RedisClusterTest, Commands_pipelines_and_scripts_over_all_nodes) {
    std::vector<Command> commands;
    for (int i = 0; i < 300; ++i) {
        commands.push_back({"SET", "k" + std::to_string(i), std::to_string(i)});
        commands.push_back({"INCR", "k" + std::to_string(i)});
    }
    const auto replies = client_.pipeline(commands);
    ASSERT_TRUE(replies);
    ASSERT_EQ(replies->size(), 600U);
    for (int i = 0; i < 300; ++i)
        EXPECT_EQ((*replies)[2 * static_cast<std::size_t>(i) + 1].integer, i + 1);
    for (std::size_t i = 0; i < 3; ++i)
        EXPECT_GT(cluster_.ask(i, {"DBSIZE"}).integer, 50) << "they are spread";
    EXPECT_EQ(redirects("moved"), 0) << "each went to the right node at once";

    const Script script("redis.call('INCRBY', KEYS[1], ARGV[1]) return redis.call('GET', KEYS[1])");
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(client_.run_script(script, {key(i)}, {"7"})->text, "7");
        EXPECT_EQ(client_.run_script(script, {key(i)}, {"7"})->text, "14") << "now by its name";
    }
    EXPECT_EQ(client_.run({"DEL", key(0), key(1)}).error().code, "redis_cross_slot");
    EXPECT_EQ(client_.run({"LPUSH", "k1", "x"}).error().code, "redis_error");
    EXPECT_TRUE(client_.ping());
}

TEST_F(RedisClusterTest, A_slot_that_moves_under_load_is_followed) {
    const auto name = key(0);
    const unsigned slot = slot_of_key(name);
    ASSERT_TRUE(client_.run({"SET", name, "0"}));
    std::atomic<bool> is_over = false;
    std::atomic<int> failures = 0;
    std::atomic<int> done = 0;
    std::vector<std::jthread> writers;
    for (int i = 0; i < 4; ++i)
        writers.emplace_back([&] {
            while (!is_over) client_.run({"INCR", name}) ? ++done : ++failures;
        });
    const auto some_more = [&] {
        const int before = done + failures;
        ASSERT_TRUE(wait_until([&] { return done + failures > before + 50; }));
    };
    begin_migration(slot, 0, 1);
    some_more();
    migrate_key(name, 0, 1);
    some_more();  // ASK
    EXPECT_GT(redirects("ask"), 0);
    EXPECT_EQ(client_.run({"GET", "{" + name + "}absent"})->kind, Reply::Kind::nil);
    end_migration(slot, 1);
    EXPECT_TRUE(wait_until([&] {
        const auto before = redirects("moved");
        some_more();
        return before > 0 && redirects("moved") == before;
    })) << "MOVED, and then none: the map was learned";
    is_over = true;
    writers.clear();
    EXPECT_EQ(failures, 0);
    EXPECT_EQ(client_.run({"GET", name})->text, std::to_string(done)) << "each exactly once";
}

TEST_F(RedisClusterTest, Half_moved_keys_are_asked_for_a_few_times) {
    const auto tag = "{" + key(0) + "}";
    const unsigned slot = slot_of_key(tag);
    ASSERT_TRUE(client_.run({"SET", tag + "a", "1"}));
    ASSERT_TRUE(client_.run({"SET", tag + "b", "2"}));
    begin_migration(slot, 0, 1);
    migrate_key(tag + "a", 0, 1);
    EXPECT_EQ(client_.run({"MGET", tag + "a", tag + "b"}).error().code, "redis_unavailable");
    EXPECT_GT(redirects("tryagain"), 1) << "tried a few times";
    migrate_key(tag + "b", 0, 1);
    end_migration(slot, 1);
    const auto both = client_.run({"MGET", tag + "a", tag + "b"});
    ASSERT_TRUE(both);
    EXPECT_EQ(both->items.at(1).text, "2");
}

TEST_F(RedisClusterTest, A_killed_master_is_replaced) {
    std::array<std::string, 3> keys{key(0), key(1), key(2)};
    for (const auto& name : keys) ASSERT_TRUE(client_.run({"SET", name, "before"}));
    for (std::size_t i = 0; i < 3; ++i) cluster_.ask(i, {"WAIT", "1", "1000"});
    cluster_.node(0).kill_hard();
    EXPECT_TRUE(client_.publish("channel", "any node takes it"));
    EXPECT_TRUE(client_.ping());
    ASSERT_TRUE(wait_until([&] { return client_.run({"GET", keys[0]}).has_value(); }));
    EXPECT_EQ(client_.run({"GET", keys[0]})->text, "before");
    for (const auto& name : keys) EXPECT_TRUE(client_.run({"SET", name, "after"}));
    EXPECT_TRUE(cluster_.is_master(3));
    cluster_.node(0).start();
    ASSERT_TRUE(wait_until([&] { return !cluster_.is_master(0); })) << "back, as a replica";
    EXPECT_EQ(client_.run({"GET", keys[0]})->text, "after");
}

TEST_F(RedisClusterTest, A_dead_node_holds_nobody_up) {
    ASSERT_TRUE(client_.run({"SET", key(0), "x"}));
    kill(cluster_.node(3).pid(), SIGSTOP);  // nobody can take over
    kill(cluster_.node(0).pid(), SIGSTOP);
    const auto began = std::chrono::steady_clock::now();
    Client hasty({.url = cluster_.url(), .command_timeout = 300ms}, metrics_);
    EXPECT_EQ(hasty.run({"GET", key(0)}).error().code, "redis_unavailable");
    EXPECT_LT(std::chrono::steady_clock::now() - began, 3s) << "the deadline holds";
    kill(cluster_.node(0).pid(), SIGCONT);
    kill(cluster_.node(3).pid(), SIGCONT);
    EXPECT_TRUE(wait_until([&] { return hasty.run({"GET", key(0)}).has_value(); }));
}

TEST_F(RedisClusterTest, A_subscriber_hears_every_node_and_tells_of_gaps) {
    std::mutex mutex;
    std::vector<std::string> heard;
    std::atomic<int> gaps = 0;
    Subscriber subscriber({.url = cluster_.url()},
                          {[&](std::string_view channel, std::string_view payload) {
                               const std::lock_guard lock(mutex);
                               heard.push_back(std::string(channel) + " " + std::string(payload));
                           },
                           [&] { ++gaps; }});
    const auto has_heard = [&](const std::string& text) {
        const std::lock_guard lock(mutex);
        return std::ranges::find(heard, text) != heard.end();
    };
    ASSERT_TRUE(wait_until([&] { return subscriber.connected(); }));
    for (std::size_t i = 0; i < 3; ++i) {
        subscriber.subscribe(key(i));
        ASSERT_TRUE(client_.publish(key(i), "hello"));
        EXPECT_TRUE(wait_until([&] { return has_heard(key(i) + " hello"); }));
    }
    for (const std::size_t dying : {0U, 1U}) {
        const int before = gaps;
        cluster_.node(dying).kill_hard();
        EXPECT_TRUE(wait_until([&] { return gaps > before; }))
            << "whichever node it listens to: what was published there may be lost";
        ASSERT_TRUE(wait_until([&] { return subscriber.connected(); }));
        ASSERT_TRUE(wait_until([&] { return cluster_.is_master(dying + 3); }));
        const auto again = "after " + std::to_string(dying);
        ASSERT_TRUE(wait_until([&] {
            return client_.publish(key(dying), again).has_value() &&
                   has_heard(key(dying) + " " + again);
        }));
        cluster_.node(dying).start();
        ASSERT_TRUE(wait_until([&] { return !cluster_.is_master(dying); }));
    }
}

TEST(RedisClusterAwayTest, Nobody_there) {
    Metrics metrics;
    Client client({.url = "redis-cluster://127.0.0.1:1,127.0.0.1:2"}, metrics);
    EXPECT_EQ(client.run({"GET", "a"}).error().code, "redis_unavailable");
    EXPECT_EQ(client.publish("a", "b").error().code, "redis_unavailable");
    Subscriber subscriber({.url = "redis-cluster://127.0.0.1:1"}, {});
    subscriber.subscribe("a");
    EXPECT_FALSE(subscriber.connected());
}

}  // namespace
}  // namespace stoa::redis
