// SPDX-License-Identifier: Apache-2.0
#include "chat/envelope.hpp"
#include "chat/event_order.hpp"
#include "chat/frames.hpp"
#include "chat/messages.hpp"
#include "chat/token_bucket.hpp"
#include "rooms/events.hpp"

#include <algorithm>
#include <numeric>
#include <random>

#include <gtest/gtest.h>

namespace stoa::chat {
namespace {

std::vector<std::int64_t> offer_all(EventOrder& order, const std::vector<std::int64_t>& seqs) {
    std::vector<std::int64_t> out;
    for (const auto seq : seqs) {
        order.offer(seq, "new_message", std::to_string(seq),
                    [&](std::int64_t at, std::string_view, std::string_view json) {
                        EXPECT_EQ(json, std::to_string(at));
                        out.push_back(at);
                    });
    }
    return out;
}

void ignore(std::int64_t, std::string_view, std::string_view) {}

TEST(EventOrderTest, Any_order_with_doubles_comes_out_once_and_in_order) {
    constexpr std::int64_t count = 200;
    std::mt19937 random(7);
    std::vector<std::int64_t> expected(count);
    std::iota(expected.begin(), expected.end(), 11);
    for (int round = 0; round < 50; ++round) {
        auto seqs = expected;
        seqs.insert(seqs.end(), expected.begin(), expected.begin() + 50);
        for (std::int64_t past = 1; past <= 10; ++past) seqs.push_back(past);
        std::ranges::shuffle(seqs, random);
        EventOrder order;
        order.start(10, ignore);
        EXPECT_EQ(offer_all(order, seqs), expected);
        EXPECT_FALSE(order.has_gap());
        EXPECT_EQ(order.delivered(), 10 + count);
    }
}

TEST(EventOrderTest, What_comes_before_the_start_waits_for_it) {
    EventOrder order;
    EXPECT_TRUE(offer_all(order, {5, 7, 6, 3}).empty());
    EXPECT_FALSE(order.has_gap());
    std::vector<std::int64_t> out;
    const auto collect = [&](std::int64_t seq, std::string_view, std::string_view) {
        out.push_back(seq);
    };
    order.start(4, collect);
    EXPECT_EQ(out, (std::vector<std::int64_t>{5, 6, 7}));
    order.start(100, collect);
    EXPECT_EQ(order.delivered(), 7);
}

TEST(EventOrderTest, What_waits_is_bounded_and_may_be_dropped) {
    EventOrder order;
    order.start(0, ignore);
    for (std::int64_t seq = 2; seq < 2'000; ++seq) EXPECT_TRUE(offer_all(order, {seq}).empty());
    EXPECT_TRUE(order.has_gap());
    EXPECT_EQ(offer_all(order, {1}).size(), 257U);
    EXPECT_TRUE(offer_all(order, {1'000}).empty());
    order.drop_waiting();
    EXPECT_FALSE(order.has_gap());
    EXPECT_EQ(offer_all(order, {258}).size(), 1U);
}

TEST(EnvelopeTest, Reads_what_rooms_write) {
    const RoomId room = RoomId::make();
    const auto durable = rooms::event_json(room, "new_message", 17, R"({"content":"}}\"seq\":3"})");
    const auto read = parse_envelope(durable);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->type, "new_message");
    EXPECT_EQ(read->room, room);
    EXPECT_EQ(read->seq, 17);
    EXPECT_EQ(read->data, R"({"content":"}}\"seq\":3"})");
    const auto typing = rooms::event_json(room, "typing_status", {}, "{}");
    const auto passing = parse_envelope(typing);
    ASSERT_TRUE(passing);
    EXPECT_FALSE(passing->seq);
    EXPECT_EQ(passing->data, "{}");
}

TEST(EnvelopeTest, Refuses_everything_else) {
    const std::string room = RoomId::make().str();
    const std::string rows[] = {
        "",
        "{}",
        "null",
        R"({"type":"x"})",
        R"({"type":"","room_id":")" + room + R"(","data":{}})",
        R"({"type":"x","room_id":"nobody","data":{}})",
        R"({"type":"x","room_id":")" + room + R"(","seq":0,"data":{}})",
        R"({"type":"x","room_id":")" + room + R"(","seq":-1,"data":{}})",
        R"({"type":"x","room_id":")" + room + R"(","seq":99999999999999999999,"data":{}})",
        R"({"type":"x","room_id":")" + room + R"(","seq":1,"data":[]})",
        R"({"type":"x","room_id":")" + room + R"(","seq":1,"data":{})",
        R"({"type":"x","room_id":")" + room,
    };
    for (const auto& row : rows) EXPECT_FALSE(parse_envelope(row)) << row;
}

TEST(FramesTest, A_good_frame_is_read_with_its_data) {
    std::optional<std::string> id;
    const std::string reply = MessageId::make().str();
    const auto frame = parse_frame(
        R"({"type":"chat_message","id":"7","data":{"content":"hello","client_msg_id":"c1",)"
        R"("reply_to_id":")" +
            reply + R"("}})",
        id);
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->type, FrameType::chat_message);
    EXPECT_EQ(id, "7");
    const auto data = read_data<NewMessage>(*frame);
    ASSERT_TRUE(data);
    EXPECT_EQ(data->content.value, "hello");
    EXPECT_EQ(data->reply_to_id->str(), reply);
    EXPECT_TRUE(parse_frame(R"({"type":"ping"})", id));
}

TEST(FramesTest, Bad_frames_have_codes_and_keep_their_id) {
    struct Row {
        const char* frame;
        const char* code;
        const char* id;
    };
    const std::string deep = std::string(1000, '[') + std::string(1000, ']');
    const Row rows[] = {{"", "malformed_json", ""},
                        {"hello", "malformed_json", ""},
                        {deep.c_str(), "malformed_json", ""},
                        {"\"\xff\"", "malformed_json", ""},
                        {"[]", "validation_failed", ""},
                        {"{}", "validation_failed", ""},
                        {R"({"type":1,"id":"a"})", "validation_failed", "a"},
                        {R"({"type":"ping","id":5})", "validation_failed", ""},
                        {R"({"type":"ping","id":"a","extra":1})", "validation_failed", "a"},
                        {R"({"type":"ping","id":"a","data":[]})", "validation_failed", "a"},
                        {R"({"type":"dance","id":"a"})", "unknown_type", "a"},
                        {R"({"type":"","id":"a"})", "validation_failed", "a"}};
    for (const auto& row : rows) {
        std::optional<std::string> id;
        const auto frame = parse_frame(row.frame, id);
        ASSERT_FALSE(frame) << row.frame;
        EXPECT_EQ(frame.error().code, row.code) << row.frame;
        EXPECT_EQ(id.value_or(""), row.id) << row.frame;
    }
}

TEST(FramesTest, Wrong_data_names_the_field) {
    std::optional<std::string> id;
    const auto frame = parse_frame(R"({"type":"chat_message","data":{"content":"","x":1}})", id);
    ASSERT_TRUE(frame);
    const auto data = read_data<NewMessage>(*frame);
    ASSERT_FALSE(data);
    EXPECT_EQ(data.error().code, "validation_failed");
    EXPECT_NE(data.error().message.find("data.content"), std::string::npos);
    EXPECT_NE(data.error().message.find("data.client_msg_id"), std::string::npos);
}

TEST(FramesTest, Answers_leave_out_what_is_not_there) {
    const RoomId room = RoomId::make();
    const std::string head = R"(","room_id":")" + room.str() + R"(","data":)";
    EXPECT_EQ(pong_frame(room, {}), R"({"type":"pong)" + head + "{}}");
    EXPECT_EQ(ack_frame(room, {"7", {}, 12}), R"({"type":"ack)" + head + R"({"id":"7","seq":12}})");
    const Error secret{ErrorKind::internal, "database_error", "a secret", {}, {}};
    EXPECT_EQ(error_frame(room, {}, secret).find("secret"), std::string::npos);
}

TEST(TokenBucketTest, Allows_a_burst_and_then_its_rate) {
    using namespace std::chrono_literals;
    const TokenBucket::Instant begin{};
    TokenBucket bucket(20, 40, begin);
    const auto take = [&](TokenBucket::Instant at) {
        int taken = 0;
        while (bucket.take(at)) ++taken;
        return taken;
    };
    EXPECT_EQ(take(begin), 40);
    EXPECT_EQ(take(begin + 40ms), 0);
    EXPECT_EQ(take(begin + 500ms), 10);
    EXPECT_EQ(take(begin + 1h), 40);
}

}  // namespace
}  // namespace stoa::chat
