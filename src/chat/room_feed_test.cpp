// SPDX-License-Identifier: Apache-2.0
#include "chat/room_feed.hpp"

#include "chat/messages.hpp"
#include "support/fake_socket.hpp"
#include "support/room_world.hpp"

#include <numeric>
#include <thread>

#include <gtest/gtest.h>

namespace stoa::chat {
namespace {

using testing::FakeSocket;
using testing::must;
using Seqs = std::vector<std::int64_t>;

Seqs range(std::int64_t first, std::int64_t last) {
    Seqs all(static_cast<std::size_t>(last - first + 1));
    std::iota(all.begin(), all.end(), first);
    return all;
}

/// What one `serve` process has.
struct Node {
    Node(testing::RoomWorld& world, const std::string& redis_url)
        : database(world.place.options(8), metrics),
          redis({.url = redis_url}, metrics),
          feed(events, database, {.url = redis_url}, hub, metrics) {}

    Metrics metrics;
    postgres::Database database;
    redis::Client redis;
    accounts::MasterKeys master_keys{database, {crypto::SecretKey{}}};
    accounts::SubjectKeys keys{database, master_keys};
    rooms::RoomEvents events{database, redis, keys};
    rooms::Rooms rooms{database, events};
    Messages messages{database, rooms, metrics, 0};
    http::Hub hub;
    RoomFeed feed;
};

class RoomFeedTest : public ::testing::Test {
  protected:
    RoomFeedTest() {
        for (int i = 0; i < 2; ++i) {
            nodes_.push_back(std::make_unique<Node>(world_, redis_.url()));
        }
    }

    std::shared_ptr<FakeSocket> attach(Node& node, const http::Caller& who,
                                       std::optional<std::int64_t> since = {}) {
        auto socket = std::make_shared<FakeSocket>();
        must(node.feed.attach(
            room_.id, {socket, who}, since, [&](std::int64_t seq, bool is_resumed) -> Result<void> {
                socket->send(rooms::event_json(room_.id, "ready", {},
                                               R"({"at":)" + std::to_string(seq) +
                                                   R"(,"resumed":)" +
                                                   (is_resumed ? "true}" : "false}")));
                return {};
            }));
        return socket;
    }
    void send(Node& node, int number) {
        must(node.messages.send(
            ada_, room_.id, {{"message " + std::to_string(number)}, {std::to_string(number)}, {}}));
    }
    /// `count` messages from each of four writers, two on each node, all at once.
    void write_from_everywhere(int first, int count) {
        std::vector<std::jthread> writers;
        for (int writer = 0; writer < 4; ++writer) {
            writers.emplace_back([=, this] {
                for (int i = 0; i < count; ++i) {
                    send(*nodes_[static_cast<std::size_t>(writer % 2)], first + writer * count + i);
                }
            });
        }
    }

    testing::RoomWorld world_;
    testing::PrivateRedis redis_;
    const http::Caller ada_ = world_.new_user("Ada");
    const http::Caller bob_ = world_.new_user("Bob");
    const rooms::Room room_ = world_.new_room(ada_);
    std::vector<std::unique_ptr<Node>> nodes_;
};

TEST_F(RoomFeedTest, All_sockets_of_all_nodes_get_one_sequence) {
    const std::vector sockets = {attach(*nodes_[0], ada_), attach(*nodes_[0], bob_),
                                 attach(*nodes_[1], bob_)};
    write_from_everywhere(0, 25);
    for (const auto& socket : sockets) {
        ASSERT_TRUE(socket->wait_for_seq(100));
        EXPECT_EQ(socket->seqs(), range(1, 100));
    }
}

TEST_F(RoomFeedTest, The_sequence_stays_whole_while_Redis_dies_and_comes_back) {
    const std::vector sockets = {attach(*nodes_[0], ada_), attach(*nodes_[1], bob_)};
    write_from_everywhere(0, 5);
    redis_.kill_hard();
    write_from_everywhere(100, 5);
    for (const auto& socket : sockets) ASSERT_TRUE(socket->wait_for_seq(40));
    redis_.start();
    write_from_everywhere(200, 5);
    for (const auto& socket : sockets) {
        ASSERT_TRUE(socket->wait_for_seq(60));
        EXPECT_EQ(socket->seqs(), range(1, 60));
    }
}

TEST_F(RoomFeedTest, Who_comes_back_gets_what_they_missed_once_also_while_others_write) {
    for (int i = 0; i < 10; ++i) send(*nodes_[0], i);
    std::vector<std::shared_ptr<FakeSocket>> sockets;
    {
        const std::jthread writer([this] { write_from_everywhere(100, 20); });
        for (int i = 0; i < 10; ++i) sockets.push_back(attach(*nodes_[1], bob_, 4));
    }
    for (const auto& socket : sockets) {
        ASSERT_TRUE(socket->wait_for_seq(90));
        EXPECT_EQ(socket->seqs(), range(5, 90));
        const auto ready = socket->frames().front();
        EXPECT_EQ(ready.at("type"), "ready");
        EXPECT_EQ(ready.at("data").at("resumed"), true);
    }
}

TEST_F(RoomFeedTest, Without_a_position_only_what_is_new_comes) {
    for (int i = 0; i < 3; ++i) send(*nodes_[0], i);
    const auto socket = attach(*nodes_[1], bob_);
    EXPECT_EQ(socket->frames().front().at("data").at("at"), 3);
    send(*nodes_[0], 3);
    ASSERT_TRUE(socket->wait_for_seq(4));
    EXPECT_EQ(socket->seqs(), Seqs{4});
}

TEST_F(RoomFeedTest, A_position_too_far_back_or_from_the_future_is_reset) {
    must(world_.database.run({"test.events", R"(
        INSERT INTO room_events (room_id, seq, type, payload)
        SELECT $1, n, 'typing', '{}' FROM generate_series(1, 1001) n)"},
                             room_.id));
    must(world_.database.run(
        {"test.sequence", "UPDATE room_sequences SET last_seq = 1001 WHERE room_id = $1"},
        room_.id));
    for (const std::int64_t since : {std::int64_t{0}, std::int64_t{5'000}}) {
        const auto socket = attach(*nodes_[0], bob_, since);
        EXPECT_EQ(socket->frames().at(0).at("data").at("resumed"), false);
        EXPECT_EQ(socket->frames().at(1).at("type"), "reset");
        EXPECT_EQ(socket->frames().at(1).at("data").at("seq"), 1001);
    }
    EXPECT_EQ(attach(*nodes_[0], bob_, 1)->seqs(), range(2, 1001));
    EXPECT_EQ(attach(*nodes_[0], bob_, 1001)->seqs(), Seqs{});
}

TEST_F(RoomFeedTest, Whoever_is_put_out_hears_why_and_nothing_more) {
    must(nodes_[0]->rooms.join(bob_.user, room_.id, {}));
    const auto socket = attach(*nodes_[1], bob_, 0);
    const auto other = attach(*nodes_[1], ada_, 0);
    must(nodes_[0]->rooms.update_participant(ada_.user, room_.id, bob_.user, {{}, true}));
    ASSERT_TRUE(socket->wait_for_close());
    EXPECT_EQ(socket->closed_with(), http::close_code::policy);
    EXPECT_EQ(socket->wait_for("access_revoked").at("data").at("reason"), "banned");
    send(*nodes_[0], 1);
    ASSERT_TRUE(other->wait_for_seq(3));
    EXPECT_EQ(socket->seqs(), range(1, 2));
    EXPECT_EQ(nodes_[1]->hub.count(room_.id), 1U);
    nodes_[1]->feed.detach(room_.id, socket);
    must(nodes_[0]->rooms.close(ada_.user, room_.id));
    ASSERT_TRUE(other->wait_for_close());
}

TEST_F(RoomFeedTest, The_end_of_a_session_closes_its_sockets) {
    const auto socket = attach(*nodes_[0], ada_);
    const auto other = attach(*nodes_[0], bob_);
    world_.end_session(ada_);
    ASSERT_TRUE(socket->wait_for_close());
    EXPECT_EQ(socket->wait_for("access_revoked").at("data").at("reason"), "session_revoked");
    EXPECT_EQ(other->closed_with(), 0);
}

TEST_F(RoomFeedTest, Passing_events_reach_all_nodes_and_the_own_one_without_Redis) {
    const auto here = attach(*nodes_[0], ada_);
    const auto there = attach(*nodes_[1], bob_);
    nodes_[0]->events.publish_passing(room_.id, "typing_status", R"({"is_typing":true})");
    EXPECT_EQ(here->wait_for("typing_status").at("data").at("is_typing"), true);
    EXPECT_EQ(there->wait_for("typing_status").at("data").at("is_typing"), true);
    redis_.kill_hard();
    here->clear();
    nodes_[0]->events.publish_passing(room_.id, "typing_status", "{}");
    EXPECT_FALSE(here->wait_for("typing_status").is_null());
}

TEST_F(RoomFeedTest, Foreign_payloads_do_no_harm) {
    const auto socket = attach(*nodes_[0], ada_);
    const std::string channel = rooms::channel_of(room_.id, "new_message");
    must(nodes_[1]->redis.publish(channel, "nonsense"));
    must(nodes_[1]->redis.publish(channel, rooms::event_json(room_.id, "new_message", 900, "{}")));
    must(nodes_[1]->redis.publish(channel, rooms::event_json(room_.id, "user_left", 901, "{}")));
    for (int i = 0; i < 5; ++i) send(*nodes_[1], i);
    ASSERT_TRUE(socket->wait_for_seq(5));
    EXPECT_EQ(socket->seqs(), range(1, 5));
}

TEST_F(RoomFeedTest, The_sequence_goes_on_after_PostgreSQL_was_away) {
    const auto socket = attach(*nodes_[0], ada_);
    send(*nodes_[0], 1);
    testing::PrivatePostgres::shared().kill_hard();
    const auto refused = nodes_[1]->messages.send(ada_, room_.id, {{"lost?"}, {"2"}, {}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
    const auto late = std::make_shared<FakeSocket>();
    const auto unseated = nodes_[1]->feed.attach(room_.id, {late, bob_}, 0,
                                                 [](std::int64_t, bool) { return Result<void>(); });
    EXPECT_FALSE(unseated);
    testing::PrivatePostgres::shared().start();
    const auto sent = [&] {
        return nodes_[1]->messages.send(ada_, room_.id, {{"lost?"}, {"2"}, {}}).has_value();
    };
    ASSERT_TRUE(testing::wait_until(sent));
    ASSERT_TRUE(socket->wait_for_seq(2));
    EXPECT_EQ(socket->seqs(), range(1, 2));
    EXPECT_EQ(attach(*nodes_[1], bob_, 0)->seqs(), range(1, 2));
}

}  // namespace
}  // namespace stoa::chat
