// SPDX-License-Identifier: Apache-2.0
#include "rooms/rooms.hpp"

#include "support/room_world.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stoa::rooms {
namespace {

using testing::code_of;
using testing::must;

class RoomsTest : public ::testing::Test {
  protected:
    std::vector<Event> log_of(const RoomId& room) {
        return must(world_.events.list_after(room, 0, 1000));
    }

    testing::RoomWorld world_;
    Rooms& rooms_ = world_.rooms;
    const http::Caller ada_ = world_.new_user("Ada");
    const http::Caller bob_ = world_.new_user("Bob");
    const http::Caller eve_ = world_.new_user("Eve");
};

TEST_F(RoomsTest, Who_creates_a_room_owns_it_and_is_in_it) {
    NewRoom wanted;
    wanted.name.value = "Plato's cave";
    wanted.description = Text<0, 2000>{"shadows"};
    const Room room = must(rooms_.create(ada_.user, wanted));
    EXPECT_EQ(room.name, "Plato's cave");
    EXPECT_EQ(room.description, "shadows");
    EXPECT_EQ(room.creator_id, ada_.user);
    EXPECT_EQ(room.max_participants, 50);
    EXPECT_EQ(room.participant_count, 1);
    EXPECT_EQ(must(rooms_.access_room(ada_.user, room.id, Role::owner)).role, Role::owner);
    EXPECT_EQ(json::to_text(must(rooms_.get(bob_.user, room.id))), json::to_text(room));
    EXPECT_EQ(must(world_.events.last_seq(room.id)), 0);
}

TEST_F(RoomsTest, A_gate_needs_the_fields_of_its_type_and_no_others) {
    const std::string mint = "So11111111111111111111111111111111111111112";
    struct Row {
        RoomType type;
        std::optional<std::string> token, collection;
        std::optional<std::int64_t> amount;
        bool is_good;
    };
    const Row rows[] = {{RoomType::public_, {}, {}, {}, true},
                        {RoomType::public_, mint, {}, {}, false},
                        {RoomType::private_, {}, {}, 5, false},
                        {RoomType::token_gated, mint, {}, {}, true},
                        {RoomType::token_gated, mint, {}, 1'000, true},
                        {RoomType::token_gated, mint, {}, 0, false},
                        {RoomType::token_gated, {}, {}, 1, false},
                        {RoomType::token_gated, mint, mint, 1, false},
                        {RoomType::token_gated, std::string(40, '0'), {}, 1, false},
                        {RoomType::nft_gated, {}, mint, {}, true},
                        {RoomType::nft_gated, {}, {}, {}, false},
                        {RoomType::nft_gated, {}, mint, 1, false}};
    for (const auto& row : rows) {
        NewRoom wanted;
        wanted.name.value = "Gated";
        wanted.room_type = row.type;
        if (row.token) wanted.access_token_mint = Text<32, 44>{*row.token};
        if (row.collection) wanted.access_nft_collection = Text<32, 44>{*row.collection};
        if (row.amount) wanted.min_token_amount = json::BigInt{*row.amount};
        const auto made = rooms_.create(ada_.user, wanted);
        EXPECT_EQ(code_of(made), row.is_good ? "" : "validation_failed") << &row - rows;
        if (!made) {
            EXPECT_FALSE(made.error().fields.empty());
        }
    }
}

TEST_F(RoomsTest, Joining_twice_is_joining_once_and_leaving_is_told) {
    const Room room = world_.new_room(ada_);
    const Joined first = must(rooms_.join(bob_.user, room.id, {}));
    EXPECT_EQ(first.access.reason, "public");
    EXPECT_EQ(first.participant.name, "Bob");
    EXPECT_EQ(first.participant.role, Role::member);
    EXPECT_EQ(must(rooms_.join(bob_.user, room.id, {})).access.reason, "already_member");
    EXPECT_EQ(must(rooms_.get(bob_.user, room.id)).participant_count, 2);
    must(rooms_.leave(bob_.user, room.id));
    EXPECT_EQ(code_of(rooms_.leave(bob_.user, room.id)), "not_a_participant");
    EXPECT_EQ(code_of(rooms_.access_room(bob_.user, room.id)), "not_a_participant");
    must(rooms_.join(bob_.user, room.id, {}));
    const auto log = log_of(room.id);
    ASSERT_EQ(log.size(), 3U);
    EXPECT_EQ(log[0].type, "user_joined");
    EXPECT_EQ(log[1].type, "user_left");
    EXPECT_EQ(log[2].type, "user_joined");
    for (std::size_t i = 0; i < log.size(); ++i) EXPECT_EQ(log[i].seq, static_cast<int>(i) + 1);
    EXPECT_TRUE(log[1].json.find(bob_.user.str()) != std::string::npos) << log[1].json;
    EXPECT_TRUE(log[1].json.find("\"left\"") != std::string::npos) << log[1].json;
}

TEST_F(RoomsTest, A_private_room_is_unknown_to_strangers_and_opens_to_a_good_invite) {
    const Room room = world_.new_room(ada_, RoomType::private_);
    EXPECT_EQ(code_of(rooms_.get(bob_.user, room.id)), "room_not_found");
    EXPECT_EQ(code_of(rooms_.access_room(bob_.user, room.id)), "room_not_found");
    EXPECT_EQ(code_of(rooms_.join(bob_.user, room.id, {})), "room_not_found");
    EXPECT_EQ(code_of(rooms_.join(bob_.user, room.id, "wrong")), "room_not_found");
    EXPECT_EQ(code_of(rooms_.invite(bob_.user, room.id, 1, std::chrono::hours(1))),
              "room_not_found");
    EXPECT_TRUE(must(rooms_.list(bob_.user, {}, {}, false, 50, {})).items.empty());

    const Invite invite = must(rooms_.invite(ada_.user, room.id, 1, std::chrono::hours(1)));
    EXPECT_EQ(invite.code.size(), 32U);
    EXPECT_EQ(must(rooms_.join(bob_.user, room.id, invite.code)).access.reason, "invite");
    EXPECT_EQ(code_of(rooms_.join(eve_.user, room.id, invite.code)), "invite_invalid");
    EXPECT_EQ(must(rooms_.list(bob_.user, {}, {}, true, 50, {})).items.size(), 1U);
    EXPECT_EQ(code_of(rooms_.invite(bob_.user, room.id, 1, std::chrono::hours(1))), "role_too_low");

    const Invite stale = must(rooms_.invite(ada_.user, room.id, 1, std::chrono::seconds(-1)));
    EXPECT_EQ(code_of(rooms_.join(eve_.user, room.id, stale.code)), "invite_invalid");
    must(rooms_.leave(bob_.user, room.id));
    EXPECT_EQ(code_of(rooms_.access_room(bob_.user, room.id)), "room_not_found");
    must(rooms_.leave(ada_.user, room.id));
    EXPECT_EQ(must(rooms_.join(ada_.user, room.id, {})).participant.role, Role::owner);
}

TEST_F(RoomsTest, A_gate_that_cannot_be_checked_stays_shut) {
    NewRoom wanted;
    wanted.name.value = "Gated";
    wanted.room_type = RoomType::token_gated;
    wanted.access_token_mint = Text<32, 44>{"So11111111111111111111111111111111111111112"};
    const Room room = must(rooms_.create(ada_.user, wanted));
    const auto refused = rooms_.join(bob_.user, room.id, {});
    EXPECT_EQ(code_of(refused), "gate_unsupported");
    EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
    must(rooms_.leave(ada_.user, room.id));
    EXPECT_EQ(must(rooms_.join(ada_.user, room.id, {})).access.reason, "owner");
}

TEST_F(RoomsTest, Parallel_joins_never_pass_the_capacity) {
    constexpr int joiners = 20;
    const Room room = world_.new_room(ada_, RoomType::public_, 4);
    std::vector<http::Caller> people;
    for (int i = 0; i < joiners; ++i) people.push_back(world_.new_user());
    std::atomic<int> in = 0;
    std::atomic<int> full = 0;
    {
        std::vector<std::jthread> threads;
        for (const auto& person : people) {
            threads.emplace_back([&, person] {
                const auto joined = rooms_.join(person.user, room.id, {});
                if (joined)
                    ++in;
                else if (joined.error().code == "room_full")
                    ++full;
            });
        }
    }
    EXPECT_EQ(in, 3);
    EXPECT_EQ(full, joiners - 3);
    EXPECT_EQ(must(rooms_.get(ada_.user, room.id)).participant_count, 4);
    EXPECT_EQ(log_of(room.id).size(), 3U);
}

TEST_F(RoomsTest, An_invite_is_used_no_more_often_than_it_says) {
    const Room room = world_.new_room(ada_, RoomType::private_);
    const Invite invite = must(rooms_.invite(ada_.user, room.id, 3, std::chrono::hours(1)));
    std::vector<http::Caller> people;
    for (int i = 0; i < 12; ++i) people.push_back(world_.new_user());
    std::atomic<int> in = 0;
    {
        std::vector<std::jthread> threads;
        for (const auto& person : people) {
            threads.emplace_back(
                [&, person] { in += rooms_.join(person.user, room.id, invite.code) ? 1 : 0; });
        }
    }
    EXPECT_EQ(in, 3);
}

TEST_F(RoomsTest, Roles_stand_above_each_other) {
    const Room room = world_.new_room(ada_);
    must(rooms_.join(bob_.user, room.id, {}));
    must(rooms_.join(eve_.user, room.id, {}));
    const auto change = [&](const http::Caller& by, const http::Caller& whom,
                            std::optional<Role> role, std::optional<bool> banned) {
        return code_of(rooms_.update_participant(by.user, room.id, whom.user, {role, banned}));
    };
    EXPECT_EQ(change(bob_, eve_, Role::moderator, {}), "role_too_low");
    EXPECT_EQ(change(ada_, bob_, Role::owner, {}), "role_not_assignable");
    EXPECT_EQ(change(ada_, bob_, Role::moderator, {}), "");
    EXPECT_EQ(change(bob_, eve_, Role::moderator, {}), "role_too_low");
    EXPECT_EQ(change(bob_, ada_, {}, true), "role_too_low");
    EXPECT_EQ(code_of(rooms_.kick(bob_.user, room.id, ada_.user)), "role_too_low");
    EXPECT_EQ(code_of(rooms_.kick(bob_.user, room.id, UserId::make())), "participant_not_found");
    must(rooms_.kick(bob_.user, room.id, eve_.user));
    must(rooms_.join(eve_.user, room.id, {}));
    EXPECT_EQ(change(bob_, eve_, {}, true), "");
    EXPECT_EQ(code_of(rooms_.access_room(eve_.user, room.id)), "banned");
    EXPECT_EQ(code_of(rooms_.join(eve_.user, room.id, {})), "banned");
    EXPECT_EQ(change(bob_, eve_, {}, false), "");
    must(rooms_.join(eve_.user, room.id, {}));
    std::vector<std::string> types;
    for (const auto& event : log_of(room.id)) types.push_back(event.type);
    const std::vector<std::string> expected = {"user_joined", "user_joined", "participant_updated",
                                               "user_left",   "user_joined", "user_left",
                                               "user_joined"};
    EXPECT_EQ(types, expected);
}

TEST_F(RoomsTest, Lists_come_in_pages_without_doubles_or_holes) {
    std::vector<std::string> made;
    for (int i = 0; i < 7; ++i) made.push_back(world_.new_room(ada_).id.str());
    std::ranges::sort(made, std::greater());  // within a millisecond ids come in any order
    std::vector<std::string> seen;
    std::optional<std::string> cursor;
    do {
        const auto page = must(rooms_.list(bob_.user, {}, {}, false, 3, cursor));
        for (const auto& room : page.items) seen.push_back(room.id.str());
        cursor = page.next_cursor;
    } while (cursor);
    EXPECT_EQ(seen, made);
    EXPECT_EQ(must(rooms_.list(bob_.user, {}, "ROOM", false, 50, {})).items.size(), 7U);
    EXPECT_TRUE(must(rooms_.list(bob_.user, {}, "%", false, 50, {})).items.empty());
    EXPECT_TRUE(must(rooms_.list(bob_.user, {}, {}, true, 50, {})).items.empty());
    EXPECT_TRUE(must(rooms_.list(bob_.user, RoomType::nft_gated, {}, false, 50, {})).items.empty());
    EXPECT_EQ(code_of(rooms_.list(bob_.user, {}, {}, false, 3, "x")), "cursor_invalid");

    const Room room = world_.new_room(ada_);
    std::vector<std::string> people = {ada_.user.str()};
    for (int i = 0; i < 4; ++i) {
        const auto person = world_.new_user();
        must(rooms_.join(person.user, room.id, {}));
        people.push_back(person.user.str());
    }
    std::vector<std::string> listed;
    do {
        const auto page = must(rooms_.participants(ada_.user, room.id, 2, cursor));
        for (const auto& person : page.items) listed.push_back(person.user_id.str());
        cursor = page.next_cursor;
    } while (cursor);
    EXPECT_THAT(listed, ::testing::UnorderedElementsAreArray(people));
    EXPECT_EQ(code_of(rooms_.participants(bob_.user, room.id, 2, {})), "not_a_participant");
}

TEST_F(RoomsTest, The_owner_changes_and_closes_the_room) {
    const Room room = world_.new_room(ada_);
    must(rooms_.join(bob_.user, room.id, {}));
    RoomChange change;
    change.name = Text<1, 255>{"New name"};
    EXPECT_EQ(code_of(rooms_.update(bob_.user, room.id, change)), "role_too_low");
    EXPECT_EQ(must(rooms_.update(ada_.user, room.id, change)).name, "New name");
    EXPECT_EQ(code_of(rooms_.close(bob_.user, room.id)), "role_too_low");
    must(rooms_.close(ada_.user, room.id));
    EXPECT_EQ(code_of(rooms_.get(ada_.user, room.id)), "room_not_found");
    EXPECT_EQ(code_of(rooms_.access_room(ada_.user, room.id)), "room_not_found");
    EXPECT_EQ(code_of(rooms_.join(bob_.user, room.id, {})), "room_not_found");
    EXPECT_EQ(log_of(room.id).back().type, "room_closed");
}

TEST_F(RoomsTest, A_rolled_back_event_leaves_no_gap) {
    const Room room = world_.new_room(ada_);
    const auto undone = world_.database.transact([&](postgres::Session& session) -> Result<void> {
        must(append_event(session, room.id, "user_joined", "{}"));
        return fail(ErrorKind::conflict, "changed_my_mind", "no");
    });
    EXPECT_EQ(code_of(undone), "changed_my_mind");
    must(rooms_.join(bob_.user, room.id, {}));
    EXPECT_EQ(log_of(room.id).back().seq, 1);
    const auto nowhere = world_.database.transact([&](postgres::Session& session) {
        return append_event(session, RoomId::make(), "user_joined", "{}");
    });
    EXPECT_EQ(code_of(nowhere), "room_not_found");
}

TEST_F(RoomsTest, A_sealed_event_is_read_with_its_persons_key_only) {
    const Room room = world_.new_room(ada_);
    const Sealing sealing{bob_.user, must(world_.keys.key_of(bob_.user))};
    const std::string data = R"({"quote":"Nobody else's business"})";
    const auto written = must(world_.database.transact([&](postgres::Session& session) {
        return append_event(session, room.id, "highlight_created", data, sealing);
    }));
    EXPECT_EQ(written.seq, 1);
    EXPECT_EQ(log_of(room.id).back().json, written.json);
    EXPECT_NE(written.json.find(data), std::string::npos);
    const auto clear = must(world_.database.find<std::int64_t>(
        {"test.clear",
         "SELECT count(*) FROM room_events WHERE room_id = $1 AND (payload IS NOT "
         "NULL OR position('business'::bytea IN sealed_payload) > 0)"},
        room.id));
    EXPECT_EQ(clear, 0);
    const auto nowhere = world_.database.transact([&](postgres::Session& session) {
        return append_event(session, RoomId::make(), "highlight_created", data, sealing);
    });
    EXPECT_EQ(code_of(nowhere), "room_not_found");
}

TEST_F(RoomsTest, A_sealed_event_is_redacted_by_what_it_is_about) {
    const Room room = world_.new_room(ada_);
    const auto key = must(world_.keys.key_of(ada_.user));
    const auto first = RowId::make();
    const auto second = RowId::make();
    for (const auto& subject : {first, second}) {
        must(world_.database.transact([&](postgres::Session& session) {
            return append_event(session, room.id, "highlight_created", R"({"quote":"Words"})",
                                {ada_.user, key, subject});
        }));
    }
    const auto redacted = world_.database.transact([&](postgres::Session& session) {
        return redact_events(session, room.id, 1, first.str(), R"({"is_deleted":true})");
    });
    ASSERT_TRUE(redacted);
    const auto log = log_of(room.id);
    ASSERT_EQ(log.size(), 2U);
    EXPECT_EQ(log[0].json, event_json(room.id, "highlight_created", 1, R"({"is_deleted": true})"));
    EXPECT_EQ(log[1].json, event_json(room.id, "highlight_created", 2, R"({"quote":"Words"})"));
}

TEST_F(RoomsTest, An_event_whose_key_is_destroyed_keeps_its_place_only) {
    const Room room = world_.new_room(ada_);
    must(world_.database.transact([&](postgres::Session& session) {
        return append_event(session, room.id, "highlight_created", R"({"quote":"Gone"})",
                            {bob_.user, *world_.keys.key_of(bob_.user)});
    }));
    must(rooms_.join(bob_.user, room.id, {}));
    must(world_.database.run(
        {"test.erase", "UPDATE subject_keys SET erased_at = now() WHERE user_id = $1"}, bob_.user));
    accounts::SubjectKeys keys_later{world_.database, world_.master_keys};
    RoomEvents events_later{world_.database, world_.redis, keys_later};
    const auto log = must(events_later.list_after(room.id, 0, 10));
    ASSERT_EQ(log.size(), 2U);
    EXPECT_EQ(log[0].json, event_json(room.id, "highlight_created", 1, R"({"is_deleted":true})"));
    EXPECT_EQ(log[1].type, "user_joined");
}

TEST(RoomEventsTest, Types_travel_on_three_channels) {
    const RoomId room = RoomId::make();
    const std::string prefix = "room:" + room.str();
    EXPECT_EQ(channel_of(room, "new_message"), prefix + ":messages");
    EXPECT_EQ(channel_of(room, "socratic_response"), prefix + ":messages");
    EXPECT_EQ(channel_of(room, "user_left"), prefix + ":presence");
    EXPECT_EQ(channel_of(room, "document_status"), prefix + ":documents");
    EXPECT_EQ(event_json(room, "ready", std::nullopt, "{}"),
              R"({"type":"ready","room_id":")" + room.str() + R"(","data":{}})");
}

}  // namespace
}  // namespace stoa::rooms
