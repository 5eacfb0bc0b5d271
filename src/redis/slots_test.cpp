// SPDX-License-Identifier: Apache-2.0
#include "redis/slots.hpp"

#include "redis/command_metrics.hpp"
#include "redis/command_names.hpp"
#include "redis/reply_reader.hpp"

#include <gtest/gtest.h>

namespace stoa::redis {
namespace {

TEST(RedisSlotsTest, Slots_as_the_specification_has_them) {
    // "123456789" is the specification's own check of its CRC16.
    EXPECT_EQ(slot_of_key("123456789"), 0x31c3 % 16'384);
    EXPECT_EQ(slot_of_key(""), 0);
    EXPECT_EQ(slot_of_key("foo"), 12'182);
    EXPECT_EQ(slot_of_key("{user1000}.following"), slot_of_key("{user1000}.followers"));
    EXPECT_EQ(slot_of_key("foo{bar}{zap}"), slot_of_key("bar"));
    EXPECT_EQ(slot_of_key("foo{{bar}}zap"), slot_of_key("{bar"));
    EXPECT_NE(slot_of_key("foo{}{bar}"), slot_of_key("bar")) << "an empty pair counts for nothing";
    EXPECT_NE(slot_of_key("foo{bar"), slot_of_key("bar"));
}

TEST(RedisSlotsTest, A_command_has_the_slot_of_its_keys) {
    const auto slot = [](const Command& command) { return slot_of_command(command).value(); };
    EXPECT_EQ(slot({"GET", "a"}), slot_of_key("a"));
    EXPECT_EQ(slot({"get", "a"}), slot_of_key("a"));
    EXPECT_EQ(slot({"BRPOP", "{q}1", "{q}2", "0.5"}), slot_of_key("q"));
    EXPECT_EQ(slot({"EVALSHA", "abc", "2", "{k}1", "{k}2", "argument"}), slot_of_key("k"));
    EXPECT_EQ(slot({"EVAL", "return 1", "0", "argument"}), std::nullopt);
    EXPECT_EQ(slot({"LMOVE", "{l}1", "{l}2", "LEFT", "RIGHT"}), slot_of_key("l"));
    EXPECT_EQ(slot({"PING"}), std::nullopt);
    EXPECT_EQ(slot({"PUBLISH", "channel", "text"}), std::nullopt);
    EXPECT_EQ(slot({"XLEN", "stream"}), slot_of_key("stream")) << "not known: the key is first";
    for (const Command& crossing :
         {Command{"DEL", "a", "b"}, Command{"BRPOP", "a", "b", "1"},
          Command{"EVAL", "return 1", "2", "a", "b"}, Command{"EVAL", "x", "99", "a", "b"}})
        EXPECT_EQ(slot_of_command(crossing).error().code, "redis_cross_slot") << crossing[0];
    EXPECT_TRUE(slot_of_command({"EVAL", "x", "-1", "a"}));
    EXPECT_TRUE(is_repeatable({"GET", "a"}));
    EXPECT_TRUE(is_repeatable({"PUBLISH", "a", "b"}));
    EXPECT_FALSE(is_repeatable({"LPUSH", "a", "b"}));
    EXPECT_FALSE(is_repeatable({"XADD", "a"}));
}

TEST(RedisSlotsTest, Redirects) {
    const auto moved = parse_redirect("MOVED 3999 127.0.0.1:6381");
    ASSERT_TRUE(moved);
    EXPECT_EQ(moved->kind, Redirect::Kind::moved);
    EXPECT_EQ(moved->slot, 3999);
    EXPECT_EQ(moved->target, (Endpoint{"127.0.0.1", 6381}));
    EXPECT_EQ(parse_redirect("ASK 0 ::1:7000")->target, (Endpoint{"::1", 7000}));
    EXPECT_EQ(parse_redirect("ASK 0 ::1:7000")->kind, Redirect::Kind::ask);
    EXPECT_EQ(parse_redirect("MOVED 1 :7000")->target, (Endpoint{"", 7000}));
    for (const char* none : {"", "ERR no", "MOVED", "MOVED ", "MOVED 1", "MOVED 16384 a:1",
                             "MOVED -1 a:1", "MOVED 1 a:0", "MOVED 1 a:65536", "MOVED a:1 2"})
        EXPECT_FALSE(parse_redirect(none)) << none;
}

std::optional<std::vector<SlotRange>> parse_bytes(std::string_view bytes) {
    ReplyReader reader;
    std::optional<Reply> reply;
    EXPECT_TRUE(reader.feed(bytes));
    EXPECT_TRUE(reader.next(reply));
    return reply ? parse_slot_ranges(*reply) : std::nullopt;
}

TEST(RedisSlotsTest, The_map_of_slots) {
    const auto ranges = parse_bytes(
        "*2\r\n"
        "*4\r\n:0\r\n:5460\r\n*4\r\n$9\r\n127.0.0.1\r\n:7000\r\n$2\r\nid\r\n*0\r\n"
        "*3\r\n$9\r\n127.0.0.1\r\n:7003\r\n$2\r\nid\r\n"
        "*3\r\n:5461\r\n:16383\r\n*3\r\n$-1\r\n:7001\r\n$2\r\nid\r\n");
    ASSERT_TRUE(ranges);
    ASSERT_EQ(ranges->size(), 2U);
    EXPECT_EQ(ranges->at(0).last, 5460);
    EXPECT_EQ(ranges->at(0).master, (Endpoint{"127.0.0.1", 7000}));
    EXPECT_EQ(ranges->at(0).replicas, (std::vector<Endpoint>{{"127.0.0.1", 7003}}));
    EXPECT_EQ(ranges->at(1).master, (Endpoint{"", 7001})) << "the node that was asked";
    for (const char* wrong : {"$2\r\nno\r\n", "*1\r\n:1\r\n", "*1\r\n*2\r\n:0\r\n:1\r\n",
                              "*1\r\n*3\r\n:0\r\n:16384\r\n*2\r\n$1\r\na\r\n:1\r\n",
                              "*1\r\n*3\r\n:2\r\n:1\r\n*2\r\n$1\r\na\r\n:1\r\n",
                              "*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n$1\r\na\r\n:0\r\n"})
        EXPECT_FALSE(parse_bytes(wrong)) << wrong;
}

TEST(RedisMetricsTest, Names_are_bounded) {
    Metrics metrics;
    CommandMetrics commands(metrics);
    commands.observe("get", 0.1);
    commands.observe("GET", 0.1);
    commands.observe("made up by someone", 0.1);
    const auto text = metrics.expose();
    EXPECT_NE(text.find("_count{command=\"GET\"} 2"), std::string::npos);
    EXPECT_NE(text.find("_count{command=\"other\"} 1"), std::string::npos);
    EXPECT_EQ(text.find("made up"), std::string::npos);
}

}  // namespace
}  // namespace stoa::redis
