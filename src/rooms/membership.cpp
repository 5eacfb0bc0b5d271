// SPDX-License-Identifier: Apache-2.0
// The part of Rooms that moves people: joining, invites, leaving, roles, bans.
#include "accounts/audit.hpp"
#include "rooms/rooms.hpp"
#include "rooms/sql.hpp"

namespace stoa::rooms {
namespace {

using accounts::AuditAction;

struct LockedRoom {
    RoomType room_type = RoomType::public_;
    int max_participants = 0;
    bool is_creator = false;
};
BOOST_DESCRIBE_STRUCT(LockedRoom, (), (room_type, max_participants, is_creator))

struct Place : Participant {
    bool is_present = false;
};
BOOST_DESCRIBE_STRUCT(Place, (Participant), (is_present))

struct ListedParticipant : Participant {
    RowId id;
};
BOOST_DESCRIBE_STRUCT(ListedParticipant, (Participant), (id))

struct Who {
    UserId id;
    std::optional<std::string> name;
    std::optional<std::string> username;
};
BOOST_DESCRIBE_STRUCT(Who, (), (id, name, username))

struct CameOrChanged {
    Who user;
    Role role = Role::member;
};
BOOST_DESCRIBE_STRUCT(CameOrChanged, (), (user, role))

struct Left {
    Who user;
    std::string_view reason;
};
BOOST_DESCRIBE_STRUCT(Left, (), (user, reason))

Who who(const Participant& person) { return {person.user_id, person.name, person.username}; }

tl::unexpected<Error> no_such_room() {
    return fail(ErrorKind::not_found, "room_not_found", "There is no such room.");
}

tl::unexpected<Error> no_such_participant() {
    return fail(ErrorKind::not_found, "participant_not_found",
                "This person is not and was never in the room.");
}

/// Uses up one use of the invite. Only who holds a real code learns that the room exists.
Result<void> use_invite(postgres::Session& session, const RoomId& room,
                        const std::optional<std::string>& code) {
    if (!code) return no_such_room();
    auto used = session.find<RowId>(sql::use_invite, room, *code);
    if (!used) return fail(used);
    if (*used) return {};
    auto known = session.find<RowId>(sql::find_invite, room, *code);
    if (!known) return fail(known);
    if (!*known) return no_such_room();
    return fail(ErrorKind::forbidden, "invite_invalid",
                "This invite has expired or is used up; ask for a new one.");
}

/// Why the person may enter: "public", "invite" or "owner".
Result<std::string> admit(postgres::Session& session, const RoomId& room, const LockedRoom& locked,
                          const std::optional<std::string>& invite_code) {
    if (locked.is_creator) return "owner";
    switch (locked.room_type) {
        case RoomType::public_:
            return "public";
        case RoomType::private_:
            if (auto used = use_invite(session, room, invite_code); !used) return fail(used);
            return "invite";
        case RoomType::token_gated:
        case RoomType::nft_gated:
            break;
    }
    return unavailable("gate_unsupported",
                       "This server cannot check what this room's gate asks for, so only its owner "
                       "may enter.",
                       std::chrono::hours(1));
}

Result<void> check_capacity(postgres::Session& session, const RoomId& room,
                            const LockedRoom& locked) {
    auto present = session.one<std::int64_t>(sql::count_present, room);
    if (!present) return fail(present);
    if (*present < locked.max_participants) return {};
    return fail(ErrorKind::conflict, "room_full",
                "The room holds at most " + std::to_string(locked.max_participants) +
                    " people and is full; try again when someone has left.");
}

Result<void> record(postgres::Session& session, const UserId& by, const RoomId& room,
                    const UserId& person, AuditAction action,
                    std::optional<std::string> role = {}) {
    return accounts::record(session, {.action = action,
                                      .actor = by,
                                      .subject = room.str(),
                                      .detail = {.role = std::move(role), .person = person.str()}});
}

Result<void> record_change(postgres::Session& session, const UserId& by, const RoomId& room,
                           const UserId& person, const ParticipantChange& change) {
    if (change.role) {
        auto recorded = record(session, by, room, person, AuditAction::participant_role_changed,
                               std::string(json::enum_name(*change.role)));
        if (!recorded) return recorded;
    }
    if (!change.is_banned) return {};
    return record(
        session, by, room, person,
        *change.is_banned ? AuditAction::participant_banned : AuditAction::participant_unbanned);
}

}  // namespace

Result<Joined> Rooms::join(const UserId& user, const RoomId& room,
                           const std::optional<std::string>& invite_code) {
    std::optional<Event> event;
    auto joined = database_.transact([&](postgres::Session& session) -> Result<Joined> {
        event.reset();
        auto found = session.find<LockedRoom>(sql::lock_room, room, user);
        if (!found) return fail(found);
        if (!*found) return no_such_room();
        const LockedRoom& locked = **found;
        auto before = session.find<Place>(sql::find_participant, room, user);
        if (!before) return fail(before);
        if (*before && (*before)->is_banned) {
            return fail(ErrorKind::forbidden, "banned", "You are banned from this room.");
        }
        if (*before && (*before)->is_present) {
            return Joined{**before, {true, "already_member", now()}};
        }
        auto reason = admit(session, room, locked, invite_code);
        if (!reason) return fail(reason);
        if (auto fits = check_capacity(session, room, locked); !fits) return fail(fits);
        auto person =
            session.one<Participant>(sql::join_room, RowId::make(), room, user, locked.is_creator);
        if (!person) return fail(person);
        auto told = append_event(session, room, "user_joined",
                                 json::to_text(CameOrChanged{who(*person), person->role}));
        if (!told) return fail(told);
        event = std::move(*told);
        return Joined{std::move(*person), {true, std::move(*reason), now()}};
    });
    if (!joined || !event) return joined;
    announce_change(room);
    events_.publish(*event);
    return joined;
}

Result<std::optional<Event>> Rooms::put_out(postgres::Session& session, const RoomId& room,
                                            const UserId& person, std::string_view reason) {
    auto left = session.find<Participant>(sql::leave_room, room, person);
    if (!left) return fail(left);
    if (!*left) return std::optional<Event>();
    auto event = append_event(session, room, "user_left", json::to_text(Left{who(**left), reason}));
    if (!event) return fail(event);
    return std::optional<Event>(std::move(*event));
}

Result<void> Rooms::leave(const UserId& user, const RoomId& room) {
    if (auto member = access_room(user, room); !member) return fail(member);
    auto event = database_.transact(
        [&](postgres::Session& session) { return put_out(session, room, user, "left"); });
    if (!event) return fail(event);
    announce_change(room);
    if (*event) events_.publish(**event);
    return {};
}

Result<http::Listing<Participant>> Rooms::participants(const UserId& user, const RoomId& room,
                                                       std::int64_t limit,
                                                       const std::optional<std::string>& cursor) {
    if (auto member = access_room(user, room); !member) return fail(member);
    std::optional<RowId> after;
    if (cursor) {
        after = RowId::parse(*cursor);
        if (!after) return http::invalid_cursor();
    }
    auto people = database_.list<ListedParticipant>(sql::list_participants, room, after, limit + 1);
    if (!people) return fail(people);
    http::Listing<Participant> page;
    if (std::cmp_greater(people->size(), limit)) {
        people->pop_back();
        page.next_cursor = people->back().id.str();
    }
    page.items.assign(people->begin(), people->end());
    return page;
}

Result<Invite> Rooms::invite(const UserId& user, const RoomId& room, int uses_max,
                             std::chrono::seconds lifetime) {
    if (auto member = access_room(user, room, Role::moderator); !member) return fail(member);
    return database_.transact([&](postgres::Session& session) -> Result<Invite> {
        auto made = session.one<Invite>(sql::create_invite, RowId::make(), room, user,
                                        static_cast<std::int64_t>(uses_max),
                                        static_cast<double>(lifetime.count()));
        if (!made) return made;
        auto recorded = accounts::record(session, {.action = AuditAction::invite_created,
                                                   .actor = user,
                                                   .subject = made->id.str(),
                                                   .detail = {.room = room.str()}});
        if (!recorded) return fail(recorded);
        return made;
    });
}

Result<Participant> Rooms::access_participant(const UserId& user, const RoomId& room,
                                              const UserId& person) {
    auto member = access_room(user, room, Role::moderator);
    if (!member) return fail(member);
    auto place = database_.find<Place>(sql::find_participant, room, person);
    if (!place) return fail(place);
    if (!*place) return no_such_participant();
    if ((*place)->role >= member->role) {
        return fail(ErrorKind::forbidden, "role_too_low",
                    "Only someone whose role is above this person's may do this.");
    }
    return std::move(**place);
}

Result<void> Rooms::kick(const UserId& user, const RoomId& room, const UserId& person) {
    if (auto below = access_participant(user, room, person); !below) return fail(below);
    auto event =
        database_.transact([&](postgres::Session& session) -> Result<std::optional<Event>> {
            auto left = put_out(session, room, person, "kicked");
            if (!left || !*left) return left;
            auto recorded = record(session, user, room, person, AuditAction::participant_kicked);
            if (!recorded) return fail(recorded);
            return left;
        });
    if (!event) return fail(event);
    if (!*event) return no_such_participant();
    announce_change(room);
    events_.publish(**event);
    return {};
}

Result<Participant> Rooms::update_participant(const UserId& user, const RoomId& room,
                                              const UserId& person,
                                              const ParticipantChange& change) {
    if (change.role == Role::owner) {
        return fail(ErrorKind::invalid, "role_not_assignable",
                    "A room has one owner; the roles to give are member and moderator.");
    }
    if (auto below = access_participant(user, room, person); !below) return fail(below);
    if (change.role) {
        auto owner = access_room(user, room, Role::owner);
        if (!owner) return fail(owner);
    }
    std::vector<Event> told;
    auto updated = database_.transact([&](postgres::Session& session) -> Result<Participant> {
        told.clear();
        if (change.is_banned.value_or(false)) {
            // Who is just joining comes in before the ban, and is put out, or not at all.
            auto locked = session.find<LockedRoom>(sql::lock_room, room, user);
            if (!locked) return fail(locked);
            auto left = put_out(session, room, person, "banned");
            if (!left) return fail(left);
            if (*left) told.push_back(std::move(**left));
        }
        auto now_is = session.find<Participant>(sql::update_participant, room, person, change.role,
                                                change.is_banned);
        if (!now_is) return fail(now_is);
        if (!*now_is) return no_such_participant();
        if (change.role) {
            auto event = append_event(session, room, "participant_updated",
                                      json::to_text(CameOrChanged{who(**now_is), (**now_is).role}));
            if (!event) return fail(event);
            told.push_back(std::move(*event));
        }
        auto recorded = record_change(session, user, room, person, change);
        if (!recorded) return fail(recorded);
        return std::move(**now_is);
    });
    if (!updated) return fail(updated);
    announce_change(room);
    for (const auto& event : told) events_.publish(event);
    return updated;
}

}  // namespace stoa::rooms
