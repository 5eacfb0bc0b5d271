// SPDX-License-Identifier: Apache-2.0
#include "tutor/answer_log.hpp"

#include "tutor/answer_entries.hpp"
#include "tutor/answers.hpp"

#include <thread>

#include <gtest/gtest.h>

namespace stoa::tutor {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

AnswerIdentity some_identity() {
    AnswerIdentity identity;
    identity.scope = {UserId::make(), DocumentId::make(), std::nullopt};
    identity.conversation = ConversationId::make();
    identity.message = RowId::make();
    identity.documents = {*identity.scope.document};
    return identity;
}

TEST(AnswerLog, Whoever_reads_gets_what_came_behind_what_they_saw) {
    int changes = 0;
    AnswerLog log(some_identity(), [&] { ++changes; });
    EXPECT_EQ(log.append("sources", "[]"), 1U);
    EXPECT_EQ(log.append("delta", "a"), 2U);
    auto tail = log.read(1, milliseconds(0));
    ASSERT_EQ(tail.events.size(), 1U);
    EXPECT_EQ(tail.events[0].data, "a");
    EXPECT_FALSE(tail.is_ended);
    EXPECT_TRUE(log.read(2, milliseconds(0)).events.empty());
    EXPECT_EQ(log.finish("done", "{}"), 3U);
    tail = log.read(2, seconds(60));
    EXPECT_EQ(tail.events.size(), 1U);
    EXPECT_TRUE(tail.is_ended);
    EXPECT_TRUE(log.read(9, seconds(60)).events.empty()) << "and does not wait";
    EXPECT_EQ(log.append("delta", "late"), 0U);
    EXPECT_EQ(changes, 3);
}

TEST(AnswerLog, A_reader_waits_for_what_is_told_by_another_thread) {
    AnswerLog log(some_identity(), {});
    std::jthread teller([&] {
        log.append("delta", "a");
        log.finish("done", "{}");
    });
    std::size_t seen = 0;
    for (bool is_ended = false; !is_ended;) {
        const auto tail = log.read(seen, seconds(60));
        seen += tail.events.size();
        is_ended = tail.is_ended;
    }
    EXPECT_EQ(seen, 2U);
}

TEST(AnswerLog, Is_bounded_and_can_always_end) {
    AnswerLog log(some_identity(), {});
    const std::string large(64 * 1024, 'x');
    std::size_t told = 0;
    while (log.append("delta", large) > 0) ++told;
    EXPECT_GT(told, 16U);
    EXPECT_LE(log.bytes(), AnswerLog::bytes_max);
    EXPECT_EQ(log.finish("error", "{}"), told + 1);
    EXPECT_TRUE(log.is_ended());
}

TEST(AnswerEntries, Open_with_the_asker_s_key_for_this_answer_alone) {
    crypto::SecretKey secret{};
    secret[0] = 1;
    const accounts::SubjectKey key(secret);
    secret[0] = 2;
    const accounts::SubjectKey other(secret);
    const auto identity = some_identity();
    const auto sealed = seal_entry(key, identity, 4, {{"delta", R"({"delta":"whale"})"}});
    EXPECT_EQ(sealed.find("whale"), std::string::npos);
    const auto entry = open_entry(key, identity.message, sealed);
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->first, 4);
    EXPECT_EQ(entry->events.items.at(0).data, R"({"delta":"whale"})");
    const auto known = identity_of(*entry, identity.scope.asker, identity.message);
    EXPECT_EQ(known.conversation, identity.conversation);
    EXPECT_EQ(known.scope.document, identity.scope.document);
    EXPECT_EQ(known.documents, identity.documents);
    EXPECT_FALSE(open_entry(other, identity.message, sealed));
    EXPECT_FALSE(open_entry(key, RowId::make(), sealed));
    EXPECT_FALSE(open_entry(key, identity.message, "garbage"));
}

TEST(EventId, Names_an_event_of_an_answer) {
    const auto message = RowId::make();
    const auto id = EventId::parse(message.str() + ":12");
    ASSERT_TRUE(id);
    EXPECT_EQ(id->message, message);
    EXPECT_EQ(id->number, 12U);
    EXPECT_EQ(EventId::parse(message.str() + ":end")->number, std::nullopt);
    for (const auto& wrong :
         {std::string(), message.str(), message.str() + ":", message.str() + ":-1",
          message.str() + ": 1", message.str() + ":99999999999", std::string("x:1")}) {
        EXPECT_EQ(EventId::parse(wrong).error().code, "last_event_id_invalid") << wrong;
    }
}

}  // namespace
}  // namespace stoa::tutor
