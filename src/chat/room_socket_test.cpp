// SPDX-License-Identifier: Apache-2.0
#include "chat/room_socket.hpp"

#include "support/fake_socket.hpp"
#include "support/room_world.hpp"

#include <future>

#include <gtest/gtest.h>

namespace stoa::chat {
namespace {

using testing::FakeSocket;
using testing::must;

/// A client's connection without a network: frames go straight to the handler.
struct Client {
    std::shared_ptr<FakeSocket> socket = std::make_shared<FakeSocket>();
    std::unique_ptr<http::SocketHandler> handler;

    ~Client() {
        if (handler) handler->on_close();
    }
    json::Value ask(const std::string& frame, std::string_view answer_type) {
        socket->clear();
        handler->on_text(frame);
        return socket->wait_for(answer_type);
    }
    std::string error_of(const std::string& frame) {
        return std::string(ask(frame, "error").at("data").at("code").as_string());
    }
};

class RoomSocketTest : public ::testing::Test {
  protected:
    RoomSocketTest() {
        must(world_.rooms.join(bob_.user, room_.id, {}));
        const auto by_name = [this](std::string_view name) -> Result<http::Caller> {
            if (name == "ada") return ada_;
            if (name == "bob") return bob_;
            if (name == "eve") return eve_;
            return fail(ErrorKind::unauthenticated, "token_invalid", "Who is this?");
        };
        RoomSocketParts parts{.rooms = world_.rooms,
                              .messages = messages_,
                              .feed = feed_,
                              .socratic = socratic_,
                              .documents = documents_,
                              .highlights = highlights_,
                              .auth = {by_name, by_name,
                                       [by_name](std::string_view address, std::string_view,
                                                 std::string_view) { return by_name(address); }}};
        factory_ = room_sockets(std::move(parts));
    }

    std::unique_ptr<Client> open(http::Request request) {
        if (request.path_parameters.empty()) {
            request.path_parameters = {{"room_id", room_.id.str()}};
        }
        auto client = std::make_unique<Client>();
        client->handler = must(factory_(request, client->socket));
        client->handler->on_open();
        return client;
    }
    std::unique_ptr<Client> open(const std::string& name, http::Headers query = {}) {
        http::Request request;
        request.headers = {{"authorization", "Bearer " + name}};
        request.query = std::move(query);
        return open(std::move(request));
    }

    testing::RoomWorld world_;
    const http::Caller ada_ = world_.new_user("Ada");
    const http::Caller bob_ = world_.new_user("Bob");
    const http::Caller eve_ = world_.new_user("Eve");
    const rooms::Room room_ = world_.new_room(ada_);
    Messages messages_{world_.database, world_.rooms, world_.metrics, 0};
    http::Hub hub_;
    RoomFeed feed_{world_.events,
                   world_.database,
                   {.url = testing::RoomWorld::shared_redis().url()},
                   hub_,
                   world_.metrics};
    std::promise<void> may_answer_;
    std::shared_future<void> answering_ = may_answer_.get_future().share();
    Socratic socratic_{world_.database, world_.events, world_.keys,
                       [this](const AskedInRoom& asked, const Told& told) -> Result<std::string> {
                           told.on_delta("What do ");
                           answering_.wait();
                           if (asked.query.question.value == "fail") {
                               return fail(ErrorKind::conflict, "nothing_to_read",
                                           "There is no document.");
                           }
                           return R"({"answer":"What do you think?","sources":[]})";
                       }};
    testing::PrivateDirectory data_{"data"};
    jobs::Queue queue_{world_.database, world_.redis};
    documents::Documents documents_{world_.database, queue_, world_.rooms, world_.keys,
                                    data_.path()};
    documents::Highlights highlights_{world_.database, world_.rooms, documents_, world_.keys};
    http::SocketFactory factory_;
};

TEST_F(RoomSocketTest, Signs_in_in_each_of_the_ways) {
    http::Request by_protocol;
    by_protocol.headers = {{"sec-websocket-protocol", "stoa.v1, bearer.ada"}};
    EXPECT_FALSE(open(by_protocol)->socket->wait_for("ready").is_null());
    http::Request by_ticket;
    by_ticket.query = {{"ticket", "ada"}};
    EXPECT_FALSE(open(by_ticket)->socket->wait_for("ready").is_null());
    const auto ready = open("ada")->socket->wait_for("ready");
    EXPECT_EQ(ready.at("room_id").as_string(), room_.id.str());
    EXPECT_EQ(ready.at("data").at("seq"), 1);
    EXPECT_EQ(ready.at("data").at("resumed"), false);
    EXPECT_EQ(ready.at("data").at("participants").as_array().size(), 2U);

    const auto late = open(http::Request{});
    EXPECT_EQ(late->socket->timer, std::chrono::seconds(10));
    EXPECT_FALSE(late->ask(R"({"type":"auth","data":{"token":"bob"}})", "ready").is_null());
    late->handler->on_timer();
    EXPECT_EQ(late->socket->closed_with(), 0);
    const auto wallet = open(http::Request{});
    EXPECT_FALSE(wallet
                     ->ask(R"({"type":"auth","data":{"address":"bob","signed_message":"m",)"
                           R"("signature":"s"}})",
                           "ready")
                     .is_null());
    EXPECT_EQ(wallet->error_of(R"({"type":"auth","data":{"token":"bob"}})"),
              "already_authenticated");
}

TEST_F(RoomSocketTest, Who_may_not_enter_hears_why) {
    struct Row {
        std::string bearer;
        http::Headers path;
        http::Headers query;
        std::string code;
        int closed_with;
    };
    const auto hidden = world_.new_room(ada_, rooms::RoomType::private_);
    const Row rows[] = {
        {"nobody", {}, {}, "token_invalid", 4401},
        {"eve", {}, {}, "not_a_participant", 4403},
        {"ada", {{"room_id", RoomId::make().str()}}, {}, "room_not_found", 4404},
        {"ada", {{"room_id", "lobby"}}, {}, "room_not_found", 4404},
        {"eve", {{"room_id", hidden.id.str()}}, {}, "room_not_found", 4404},
        {"ada", {}, {{"since_seq", "-1"}}, "validation_failed", 1008},
        {"ada", {}, {{"since_seq", "x"}}, "validation_failed", 1008},
    };
    for (const auto& row : rows) {
        http::Request request;
        request.headers = {{"authorization", "Bearer " + row.bearer}};
        request.path_parameters = row.path;
        request.query = row.query;
        const auto client = open(std::move(request));
        EXPECT_EQ(client->socket->frames().at(0).at("data").at("code").as_string(), row.code);
        EXPECT_EQ(client->socket->closed_with(), row.closed_with) << row.code;
    }
    EXPECT_EQ(hub_.count(room_.id), 0U);
}

TEST_F(RoomSocketTest, The_first_frame_must_sign_in_and_in_time) {
    for (const char* frame : {R"({"type":"ping"})", "nonsense", R"({"type":"auth","data":{}})",
                              R"({"type":"auth","data":{"token":"nobody"}})",
                              R"({"type":"auth","data":{"token":"ada","address":"ada"}})",
                              R"({"type":"auth","data":{"address":"ada","signed_message":"m"}})"}) {
        const auto client = open(http::Request{});
        client->handler->on_text(frame);
        EXPECT_EQ(client->socket->closed_with(), 4401) << frame;
        client->handler->on_text(R"({"type":"ping"})");
        EXPECT_EQ(client->socket->frames().size(), 1U);
    }
    const auto silent = open(http::Request{});
    silent->handler->on_timer();
    EXPECT_EQ(silent->socket->closed_with(), 4401);
}

TEST_F(RoomSocketTest, Two_people_chat) {
    const auto ada = open("ada");
    const auto bob = open("bob");
    const auto ack = ada->ask(
        R"({"type":"chat_message","id":"7","data":{"content":"Hi","client_msg_id":"c"}})", "ack");
    EXPECT_EQ(ack.at("data").at("id"), "7");
    EXPECT_EQ(ack.at("data").at("seq"), 2);
    EXPECT_FALSE(ack.as_object().contains("seq"));
    const auto told = bob->socket->wait_for("new_message");
    EXPECT_EQ(told.at("seq"), 2);
    EXPECT_EQ(told.at("data").at("id"), ack.at("data").at("message_id"));
    EXPECT_EQ(told.at("data").at("user").at("name"), "Ada");
    const std::string id(ack.at("data").at("message_id").as_string());
    const auto frame = [&](const std::string& type, const std::string& more) {
        return R"({"type":")" + type + R"(","id":"8","data":{"message_id":")" + id + '"' + more +
               "}}";
    };
    EXPECT_FALSE(bob->ask(frame("reaction_add", R"(,"emoji":"+1")"), "ack").is_null());
    EXPECT_EQ(ada->socket->wait_for("reaction_updated").at("data").at("emoji"), "+1");
    EXPECT_FALSE(bob->ask(frame("reaction_remove", R"(,"emoji":"+1")"), "ack").is_null());
    EXPECT_EQ(bob->error_of(frame("message_edit", R"(,"content":"x")")), "not_the_author");
    EXPECT_FALSE(ada->ask(frame("message_edit", R"(,"content":"Hello")"), "ack").is_null());
    EXPECT_EQ(bob->socket->wait_for("message_updated").at("data").at("content"), "Hello");
    EXPECT_FALSE(ada->ask(frame("message_delete", ""), "ack").is_null());
    EXPECT_EQ(bob->socket->wait_for("message_deleted").at("data").at("message_id").as_string(), id);
    ada->handler->on_text(R"({"type":"typing_start"})");
    EXPECT_EQ(bob->socket->wait_for("typing_status").at("data").at("is_typing"), true);
}

TEST_F(RoomSocketTest, Bad_frames_are_answered_and_the_connection_stays) {
    const auto ada = open("ada");
    EXPECT_EQ(ada->error_of("nonsense"), "malformed_json");
    EXPECT_EQ(ada->error_of(R"({"type":"dance"})"), "unknown_type");
    EXPECT_EQ(ada->error_of(R"({"type":"chat_message","data":{"content":"x"}})"),
              "validation_failed");
    EXPECT_EQ(ada->error_of(R"({"type":"typing_start","data":{"x":1}})"), "validation_failed");
    EXPECT_EQ(ada->error_of(R"({"type":"resume","data":{"since_seq":-1}})"), "validation_failed");
    EXPECT_EQ(ada->error_of(R"({"type":"document_share","data":{"document_id":")" +
                            DocumentId::make().str() + R"("}})"),
              "document_not_found");
    const auto error = ada->ask(R"({"type":"dance","id":"7"})", "error");
    EXPECT_EQ(error.at("data").at("id"), "7");
    EXPECT_EQ(ada->ask(R"({"type":"ping","id":"9"})", "pong").at("data").at("id"), "9");
    EXPECT_EQ(ada->socket->closed_with(), 0);
}

TEST_F(RoomSocketTest, Too_many_frames_are_refused_one_by_one) {
    const auto ada = open("ada");
    for (int i = 0; i < 60; ++i) ada->handler->on_text(R"({"type":"ping"})");
    EXPECT_EQ(ada->socket->wait_for("error").at("data").at("code"), "rate_limited");
    EXPECT_EQ(ada->socket->closed_with(), 0);
}

TEST_F(RoomSocketTest, Resuming_sends_what_was_missed_and_goes_on) {
    for (int i = 0; i < 5; ++i) {
        must(messages_.send(bob_, room_.id, {{"text"}, {std::to_string(i)}, {}}));
    }
    const auto ada = open("ada", {{"since_seq", "3"}});
    EXPECT_EQ(ada->socket->frames().front().at("data").at("resumed"), true);
    EXPECT_EQ(ada->socket->seqs(), (std::vector<std::int64_t>{4, 5, 6}));
    ada->ask(R"({"type":"resume","data":{"since_seq":5}})", "ready");
    must(messages_.send(bob_, room_.id, {{"text"}, {"live"}, {}}));
    ASSERT_TRUE(ada->socket->wait_for_seq(7));
    EXPECT_EQ(ada->socket->seqs(), (std::vector<std::int64_t>{6, 7}));
    ada->ask(R"({"type":"resume","data":{"since_seq":99}})", "reset");
    EXPECT_EQ(hub_.count(room_.id), 1U);
}

TEST_F(RoomSocketTest, Whoever_leaves_is_out_at_once) {
    const auto bob = open("bob");
    must(world_.rooms.leave(bob_.user, room_.id));
    ASSERT_TRUE(bob->socket->wait_for_close());
    EXPECT_EQ(bob->socket->closed_with(), 1008);
    EXPECT_EQ(bob->socket->wait_for("access_revoked").at("data").at("reason"), "left");
    bob->handler->on_text(R"({"type":"chat_message","data":{"content":"x","client_msg_id":"1"}})");
    EXPECT_EQ(must(world_.events.last_seq(room_.id)), 2);
}

TEST_F(RoomSocketTest, A_revoked_session_ends_at_the_next_message) {
    const auto bob = open("bob");
    world_.end_session(bob_);
    EXPECT_EQ(
        bob->error_of(R"({"type":"chat_message","data":{"content":"x","client_msg_id":"1"}})"),
        "session_revoked");
    EXPECT_EQ(bob->socket->closed_with(), 1008);
}

TEST_F(RoomSocketTest, A_question_is_answered_into_the_room_while_the_chat_goes_on) {
    const auto ada = open("ada");
    const auto bob = open("bob");
    const std::string question = R"({"type":"socratic_query","id":"q","data":{"question":"Why?"}})";
    EXPECT_EQ(ada->ask(question, "ack").at("data").at("id"), "q");
    EXPECT_EQ(bob->socket->wait_for("socratic_response").at("data").at("delta"), "What do ");
    EXPECT_EQ(ada->error_of(question), "busy");
    EXPECT_FALSE(ada->ask(R"({"type":"ping"})", "pong").is_null());
    bob->socket->clear();
    may_answer_.set_value();
    const auto final = bob->socket->wait_for("socratic_response");
    EXPECT_EQ(final.at("seq"), 2);
    EXPECT_EQ(final.at("data").at("answer"), "What do you think?");
    EXPECT_EQ(final.at("data").at("question"), "Why?");
    EXPECT_EQ(final.at("data").at("query_id"), "q");
    EXPECT_EQ(final.at("data").at("user_id").as_string(), ada_.user.str());
    const auto fails = [&] {
        ada->handler->on_text(R"({"type":"socratic_query","data":{"question":"fail"}})");
        return ada->socket->wait_for("error").at("data").at("code") == "nothing_to_read";
    };
    ada->socket->clear();
    EXPECT_TRUE(testing::wait_until([&] {
        if (fails()) return true;
        ada->socket->clear();  // still busy with the first one
        return false;
    }));
}

}  // namespace
}  // namespace stoa::chat
