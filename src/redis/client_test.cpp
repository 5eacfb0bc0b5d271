// SPDX-License-Identifier: Apache-2.0
#include "redis/client.hpp"

#include "support/private_redis.hpp"

#include <atomic>
#include <future>
#include <thread>

#include <gtest/gtest.h>

namespace stoa::redis {
namespace {

using namespace std::chrono_literals;

class RedisClientTest : public ::testing::Test {
  protected:
    std::string tcp(const std::string& credentials, int database) const {
        return "redis://" + credentials + "127.0.0.1:" + std::to_string(server_.port()) + "/" +
               std::to_string(database);
    }

    testing::PrivateRedis server_;
    Metrics metrics_;
    Client client_{{.url = server_.url(), .command_timeout = 500ms}, metrics_};
};

TEST_F(RedisClientTest, Commands_and_all_kinds_of_replies) {
    const std::string bytes("a\0\r\nb", 5);
    ASSERT_TRUE(client_.run({"SET", "k", bytes}));
    EXPECT_EQ(client_.run({"GET", "k"})->text, bytes);
    EXPECT_EQ(client_.run({"GET", "absent"})->kind, Reply::Kind::nil);
    EXPECT_EQ(client_.run({"INCRBY", "n", "-7"})->integer, -7);
    ASSERT_TRUE(client_.run({"RPUSH", "l", "1", ""}));
    const auto list = client_.run({"LRANGE", "l", "0", "-1"});
    ASSERT_TRUE(list);
    EXPECT_EQ(list->kind, Reply::Kind::list);
    ASSERT_EQ(list->items.size(), 2U);
    EXPECT_EQ(list->items[0].text, "1");
    EXPECT_TRUE(client_.ping());
    EXPECT_EQ(*client_.publish("nobody", "hears"), 0);
    const std::string large(8 << 20, 'x');
    ASSERT_TRUE(client_.run({"SET", "large", large}));
    EXPECT_EQ(client_.run({"GET", "large"})->text, large);
}

TEST_F(RedisClientTest, An_error_answer_names_no_arguments) {
    const auto unknown = client_.run({"NOSUCH", "secret"});
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, "redis_error");
    EXPECT_EQ(unknown.error().kind, ErrorKind::internal);
    EXPECT_EQ(unknown.error().message.find("secret"), std::string::npos);
    EXPECT_TRUE(client_.ping());
}

TEST_F(RedisClientTest, A_pipeline_keeps_the_order) {
    const auto replies = client_.pipeline({{"SET", "a", "1"}, {"INCR", "a"}, {"GET", "a"}});
    ASSERT_TRUE(replies);
    ASSERT_EQ(replies->size(), 3U);
    EXPECT_EQ((*replies)[1].integer, 2);
    EXPECT_EQ((*replies)[2].text, "2");
    EXPECT_FALSE(client_.pipeline({{"INCR", "a"}, {"LPUSH", "a", "x"}, {"INCR", "a"}}));
    EXPECT_EQ(client_.run({"GET", "a"})->text, "4") << "the others are done all the same";
    EXPECT_TRUE(client_.pipeline({})->empty());
}

TEST_F(RedisClientTest, Signs_in_and_selects) {
    ASSERT_TRUE(client_.run({"ACL", "SETUSER", "me", "on", ">p@ss", "~*", "+@all"}));
    ASSERT_TRUE(client_.run({"CONFIG", "SET", "requirepass", "for all"}));
    Client named({.url = tcp("me:p%40ss@", 5)}, metrics_);
    ASSERT_TRUE(named.run({"SET", "in five", "1"}));
    Client unnamed({.url = tcp(":for%20all@", 5)}, metrics_);
    EXPECT_EQ(unnamed.run({"GET", "in five"})->text, "1");
    Client stranger({.url = tcp("", 5)}, metrics_);
    EXPECT_FALSE(stranger.run({"GET", "in five"}));
    Client wrong({.url = tcp(":wrong@", 5)}, metrics_);
    EXPECT_FALSE(wrong.ping());
    EXPECT_EQ(Client({.url = "nonsense"}, metrics_).ping().error().code, "redis_url");
}

TEST_F(RedisClientTest, A_restarted_server_is_found_again) {
    ASSERT_TRUE(client_.ping());
    server_.kill_hard();
    const auto away = client_.ping();
    ASSERT_FALSE(away);
    EXPECT_EQ(away.error().code, "redis_unavailable");
    EXPECT_EQ(away.error().kind, ErrorKind::unavailable);
    EXPECT_EQ(away.error().retry_after, 1s);
    server_.start();
    EXPECT_TRUE(client_.ping());
    server_.kill_hard();
    server_.start();
    EXPECT_TRUE(client_.ping()) << "the dead connection was not used";
}

TEST_F(RedisClientTest, A_server_that_dies_under_a_command) {
    auto blocked =
        std::async(std::launch::async, [&] { return client_.run({"BRPOP", "empty", "30"}, 30s); });
    ASSERT_TRUE(testing::wait_until([&] {
        return client_.run({"CLIENT", "LIST"})->text.find("cmd=brpop") != std::string::npos;
    }));
    server_.kill_hard();
    EXPECT_EQ(blocked.get().error().code, "redis_unavailable");
}

TEST_F(RedisClientTest, A_silent_server_is_given_up_in_time) {
    ASSERT_TRUE(client_.ping());
    kill(server_.pid(), SIGSTOP);
    Client hasty({.url = server_.url(), .command_timeout = 50ms}, metrics_);
    EXPECT_EQ(hasty.ping().error().code, "redis_unavailable");
    kill(server_.pid(), SIGCONT);
    EXPECT_TRUE(hasty.ping()) << "and its late answer is nobody else's";
}

TEST_F(RedisClientTest, Few_connections_serve_many_threads) {
    Client narrow({.url = server_.url(), .connections_max = 2, .wait_max = 100ms}, metrics_);
    std::vector<std::jthread> threads;
    std::atomic<int> wrong = 0;
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&, i] {
            const auto word = std::to_string(i);
            for (int n = 0; n < 100; ++n) {
                const auto echo = narrow.run({"ECHO", word});
                if (!echo || echo->text != word) ++wrong;
            }
        });
    threads.clear();
    EXPECT_EQ(wrong, 0);
    auto first =
        std::async(std::launch::async, [&] { return narrow.run({"BRPOP", "e", "1"}, 2s); });
    auto second =
        std::async(std::launch::async, [&] { return narrow.run({"BRPOP", "e", "1"}, 2s); });
    ASSERT_TRUE(testing::wait_until([&] {
        return client_.run({"INFO", "clients"})->text.find("blocked_clients:2") !=
               std::string::npos;
    }));
    EXPECT_EQ(narrow.ping().error().code, "redis_unavailable") << "the pool is full";
    EXPECT_TRUE(first.get());
    EXPECT_TRUE(second.get());
}

}  // namespace
}  // namespace stoa::redis
