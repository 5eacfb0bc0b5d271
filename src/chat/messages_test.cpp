// SPDX-License-Identifier: Apache-2.0
#include "chat/messages.hpp"

#include "support/room_world.hpp"

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include <gtest/gtest.h>

namespace stoa::chat {
namespace {

using testing::code_of;
using testing::must;

class MessagesTest : public ::testing::Test {
  protected:
    void SetUp() override { must(world_.rooms.join(bob_.user, room_.id, {})); }

    Result<Message> send(const http::Caller& who, const std::string& text, const std::string& id,
                         std::optional<MessageId> reply_to = {}) {
        return messages_.send(who, room_.id, {{text}, {id}, reply_to});
    }
    std::vector<rooms::Event> log() { return must(world_.events.list_after(room_.id, 0, 1000)); }
    json::Value list(const MessageFilter& filter) {
        return must(json::parse(must(messages_.list(bearer(bob_), room_.id, filter))->json));
    }
    static http::Bearer bearer(const http::Caller& who) { return {who.user, who.session}; }
    static std::vector<std::int64_t> seqs_of(const json::Value& page) {
        std::vector<std::int64_t> seqs;
        for (const auto& item : page.at("items").as_array()) {
            seqs.push_back(item.at("seq").to_number<std::int64_t>());
        }
        return seqs;
    }

    testing::RoomWorld world_;
    Messages messages_{world_.database, world_.rooms, world_.metrics, 1'000'000};
    const http::Caller ada_ = world_.new_user("Ada");
    const http::Caller bob_ = world_.new_user("Bob");
    const http::Caller eve_ = world_.new_user("Eve");
    const rooms::Room room_ = world_.new_room(ada_);
};

TEST_F(MessagesTest, A_message_and_its_event_tell_the_same) {
    const Message sent = must(send(ada_, "Hello \"Bob\" \xF0\x9F\x8E\x93", "1"));
    EXPECT_EQ(sent.seq, 2);
    EXPECT_EQ(sent.user->name, "Ada");
    const auto event = log().back();
    EXPECT_EQ(event.type, "new_message");
    EXPECT_EQ(event.seq, 2);
    const auto told = must(json::parse(event.json));
    EXPECT_EQ(told.at("data"), must(json::parse(json::to_text(sent))));
    EXPECT_EQ(list({}).at("items").at(0), told.at("data"));
    const Message reply = must(send(bob_, "Hi", "1", sent.id));
    EXPECT_EQ(reply.reply_to_id, sent.id);
}

TEST_F(MessagesTest, The_same_id_again_is_the_same_message) {
    const Message first = must(send(ada_, "once", "c"));
    const Message again = must(send(ada_, "once", "c"));
    EXPECT_EQ(json::to_text(first), json::to_text(again));
    EXPECT_EQ(code_of(send(ada_, "twice", "c")), "client_msg_id_reused");
    EXPECT_EQ(code_of(send(ada_, "once", "c", first.id)), "client_msg_id_reused");
    EXPECT_NE(must(send(bob_, "once", "c")).id, first.id);
    EXPECT_EQ(log().size(), 3U);
    const Message edited = must(messages_.edit(ada_.user, room_.id, first.id, {"changed"}));
    EXPECT_EQ(must(send(ada_, "once", "c")).content, edited.content);
}

TEST_F(MessagesTest, Parallel_writers_get_every_seq_once_also_with_doubles) {
    constexpr int writers = 4;
    constexpr int each = 25;
    std::mutex mutex;
    std::multiset<std::int64_t> seqs;
    {
        std::vector<std::jthread> threads;
        for (int writer = 0; writer < writers; ++writer) {
            threads.emplace_back([&, writer] {
                for (int i = 0; i < each; ++i) {
                    // Two writers each send the same ids for the same person.
                    const auto& who = writer % 2 == 0 ? ada_ : bob_;
                    const auto sent =
                        must(send(who, "text " + std::to_string(i), std::to_string(i)));
                    const std::lock_guard lock(mutex);
                    seqs.insert(sent.seq);
                }
            });
        }
    }
    const auto events = log();
    ASSERT_EQ(events.size(), 1U + 2 * each);
    for (std::size_t i = 0; i < events.size(); ++i) {
        EXPECT_EQ(events[i].seq, static_cast<std::int64_t>(i) + 1);
        if (i > 0) {
            EXPECT_EQ(seqs.count(events[i].seq), 2U);
        }
    }
}

TEST_F(MessagesTest, Only_who_is_in_with_a_live_session_may_send) {
    EXPECT_EQ(code_of(send(eve_, "hi", "1")), "not_a_participant");
    EXPECT_EQ(code_of(messages_.send(ada_, RoomId::make(), {{"hi"}, {"1"}, {}})), "room_not_found");
    EXPECT_EQ(code_of(send(ada_, "hi", "1", MessageId::make())), "message_not_found");
    const auto elsewhere = world_.new_room(ada_);
    const Message there = must(messages_.send(ada_, elsewhere.id, {{"hi"}, {"1"}, {}}));
    EXPECT_EQ(code_of(send(ada_, "hi", "1", there.id)), "message_not_found");
    must(world_.rooms.update_participant(ada_.user, room_.id, bob_.user, {{}, true}));
    EXPECT_EQ(code_of(send(bob_, "hi", "1")), "banned");
    world_.end_session(ada_);
    EXPECT_EQ(code_of(send(ada_, "hi", "1")), "session_revoked");
    EXPECT_EQ(log().back().type, "user_left");
}

TEST_F(MessagesTest, Lists_go_both_ways_in_pages) {
    for (int i = 1; i <= 5; ++i) {
        must(send(ada_, "Number " + std::to_string(i), std::to_string(i)));
    }
    using Seqs = std::vector<std::int64_t>;
    const auto newest = list({.limit = 2});
    EXPECT_EQ(seqs_of(newest), (Seqs{6, 5}));
    EXPECT_EQ(newest.at("next_cursor"), "5");
    EXPECT_EQ(seqs_of(list({.before_seq = 5, .limit = 2})), (Seqs{4, 3}));
    const auto oldest = list({.before_seq = 3, .limit = 2});
    EXPECT_EQ(seqs_of(oldest), (Seqs{2}));
    EXPECT_TRUE(oldest.at("next_cursor").is_null());
    EXPECT_EQ(seqs_of(list({.after_seq = 3, .oldest_first = true, .limit = 2})), (Seqs{4, 5}));
    EXPECT_EQ(seqs_of(list({.text = "BER 3"})), (Seqs{4}));
    EXPECT_TRUE(seqs_of(list({.text = "%"})).empty());
    EXPECT_TRUE(seqs_of(list({.is_pinned = true})).empty());
    EXPECT_EQ(code_of(messages_.list(bearer(eve_), room_.id, {})), "not_a_participant");
}

TEST_F(MessagesTest, Edits_and_deletions_are_told_and_nothing_deleted_is_left) {
    const Message message = must(send(bob_, "a secret", "1"));
    EXPECT_EQ(code_of(messages_.edit(ada_.user, room_.id, message.id, {"x"})), "not_the_author");
    EXPECT_EQ(code_of(messages_.edit(bob_.user, room_.id, MessageId::make(), {"x"})),
              "message_not_found");
    const Message edited = must(messages_.edit(bob_.user, room_.id, message.id, {"the secret"}));
    EXPECT_EQ(edited.content, "the secret");
    EXPECT_EQ(log().back().type, "message_updated");
    const Message mine = must(send(ada_, "mine", "1"));
    EXPECT_EQ(code_of(messages_.remove(bob_.user, room_.id, mine.id)), "not_the_author");
    must(messages_.remove(ada_.user, room_.id, message.id));
    must(messages_.remove(ada_.user, room_.id, message.id));
    EXPECT_EQ(code_of(messages_.edit(bob_.user, room_.id, message.id, {"x"})), "message_deleted");
    const auto events = log();
    EXPECT_EQ(events.back().type, "message_deleted");
    EXPECT_EQ(events.size(), 5U);
    for (const auto& event : events) {
        EXPECT_EQ(event.json.find("secret"), std::string::npos) << event.json;
    }
    EXPECT_EQ(list({}).at("items").at(1).at("is_deleted"), true);
}

TEST_F(MessagesTest, Reactions_and_pins_are_sets) {
    const Message message = must(send(ada_, "hello", "1"));
    const Emoji party{"\xF0\x9F\x8E\x89"};
    const auto react = [&](const http::Caller& who, const Emoji& emoji, bool is_added) {
        return messages_.react(who.user, room_.id, message.id, emoji, is_added);
    };
    must(react(bob_, party, true));
    must(react(bob_, party, true));
    const Message both = must(react(ada_, {"ok"}, true));
    const auto reactions = must(json::parse(both.reactions.text));
    EXPECT_EQ(reactions.at(bob_.user.str()), (boost::json::array{party.value}));
    must(react(bob_, {"no"}, false));
    EXPECT_EQ(log().size(), 4U);
    must(react(bob_, party, false));
    EXPECT_EQ(must(json::parse(must(react(ada_, {"ok"}, false)).reactions.text)),
              json::Value(boost::json::object_kind));
    EXPECT_EQ(code_of(react(bob_, {"a b"}, true)), "emoji_invalid");
    for (int i = 0; i < 20; ++i) must(react(bob_, {"e" + std::to_string(i)}, true));
    EXPECT_EQ(code_of(react(bob_, {"one more"}, true)), "emoji_invalid");
    EXPECT_EQ(code_of(react(bob_, {"more"}, true)), "too_many_reactions");

    const auto events_before = log().size();
    EXPECT_EQ(code_of(messages_.pin(bob_.user, room_.id, message.id, true)), "role_too_low");
    EXPECT_TRUE(must(messages_.pin(ada_.user, room_.id, message.id, true)).is_pinned);
    must(messages_.pin(ada_.user, room_.id, message.id, true));
    EXPECT_EQ(list({.is_pinned = true}).at("items").as_array().size(), 1U);
    EXPECT_EQ(log().size(), events_before + 1);
}

/// Pages that one node keeps, while everything changes through another.
class KeptPagesTest : public MessagesTest {
  protected:
    std::shared_ptr<const Page> kept(const MessageFilter& filter = {}) {
        return must(messages_.list(bearer(bob_), room_.id, filter));
    }
    const http::Caller& eve_in_room() {
        must(world_.rooms.join(eve_.user, room_.id, {}));
        return eve_;
    }
    /// The page kept before `change` gives way to one that shows it.
    template <class F>
    void expect_shown(F change) {
        const auto before = kept();
        EXPECT_EQ(kept(), before) << "the page is not kept";
        change();
        const auto after = kept();
        EXPECT_NE(after->json, before->json);
        EXPECT_EQ(after->json, must(uncached_.list(bearer(bob_), room_.id, {}))->json);
    }

    Messages other_node_{world_.database, world_.rooms, world_.metrics, 1'000'000};
    Messages uncached_{world_.database, world_.rooms, world_.metrics, 0};
};

TEST_F(KeptPagesTest, Show_every_change_of_a_message_at_once) {
    const auto first = must(other_node_.send(ada_, room_.id, {{"one"}, {"1"}, {}})).id;
    expect_shown([&] { must(other_node_.send(ada_, room_.id, {{"two"}, {"2"}, first})); });
    expect_shown([&] { must(other_node_.edit(ada_.user, room_.id, first, {"other"})); });
    expect_shown([&] { must(other_node_.react(bob_.user, room_.id, first, {"+1"}, true)); });
    expect_shown([&] { must(other_node_.react(bob_.user, room_.id, first, {"+1"}, false)); });
    expect_shown([&] { must(other_node_.pin(ada_.user, room_.id, first, true)); });
    expect_shown([&] { must(other_node_.pin(ada_.user, room_.id, first, false)); });
    expect_shown([&] { must(other_node_.remove(ada_.user, room_.id, first)); });
}

TEST_F(KeptPagesTest, Show_every_change_of_what_messages_point_at) {
    must(send(ada_, "one", "1"));
    const auto document = DocumentId::make();
    must(world_.database.run(
        {"test.document",
         "INSERT INTO pdf_uploads (id, user_id, title, file_name, sha256, mime_type, "
         "file_size_bytes, storage_key) "
         "VALUES ($1, $2, 't', 'f', repeat('0', 64), 'x', 1, 'k')"},
        document, ada_.user));
    expect_shown([&] { must(messages_.send_document(ada_, room_.id, document, "A paper")); });
    expect_shown([&] {
        must(world_.database.run({"test.rename", "UPDATE users SET name = 'Lady' WHERE id = $1"},
                                 ada_.user));
    });
    expect_shown([&] {
        must(world_.database.run({"test.forget", "DELETE FROM pdf_uploads WHERE id = $1"},
                                 document));
    });
    must(send(eve_in_room(), "three", "3"));
    expect_shown([&] {
        must(world_.database.run({"test.erase", "DELETE FROM users WHERE id = $1"}, eve_.user));
    });
}

TEST_F(KeptPagesTest, Are_for_who_is_in_with_a_live_session) {
    must(send(ada_, "one", "1"));
    const auto page = kept();
    EXPECT_EQ(code_of(messages_.list(bearer(eve_), room_.id, {})), "not_a_participant");
    EXPECT_EQ(code_of(messages_.list({eve_.user, bob_.session}, room_.id, {})), "session_revoked");
    EXPECT_EQ(must(messages_.list(bearer(ada_), room_.id, {})), page);
    must(world_.rooms.update_participant(ada_.user, room_.id, bob_.user, {{}, true}));
    EXPECT_EQ(code_of(messages_.list(bearer(bob_), room_.id, {})), "banned");
    world_.end_session(ada_);
    EXPECT_EQ(code_of(messages_.list(bearer(ada_), room_.id, {})), "session_revoked");
    EXPECT_EQ(code_of(messages_.list(bearer(bob_), RoomId::make(), {})), "room_not_found");
}

TEST_F(KeptPagesTest, Differ_by_what_was_asked_for) {
    for (int i = 1; i <= 3; ++i) must(send(ada_, "text " + std::to_string(i), std::to_string(i)));
    const std::vector<MessageFilter> filters = {
        {},
        {.limit = 2},
        {.before_seq = 4},
        {.after_seq = 2},
        {.after_seq = 2, .oldest_first = true},
        {.text = "2"},
        {.text = "3"},
        {.is_pinned = false},
        {.is_pinned = true},
    };
    for (const int round : {1, 2}) {
        for (const auto& filter : filters) {
            EXPECT_EQ(kept(filter)->json,
                      must(uncached_.list(bearer(bob_), room_.id, filter))->json)
                << "round " << round;
        }
    }
}

}  // namespace
}  // namespace stoa::chat
