// SPDX-License-Identifier: Apache-2.0
// Study rooms: making them, entering (freely or by invite) and leaving them, and the one guard,
// `access_room`, through which every other feature reaches a room. Writes study_rooms,
// room_participants, invites, room_sequences and room_events. Any thread.
#pragma once

#include "base/id.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "http/routes.hpp"
#include "postgres/database.hpp"
#include "redis/fact_cache.hpp"
#include "rooms/events.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace stoa::rooms {

enum class RoomType { public_, token_gated, nft_gated, private_ };
BOOST_DESCRIBE_ENUM(RoomType, public_, token_gated, nft_gated, private_)
enum class Role { member, moderator, owner };
BOOST_DESCRIBE_ENUM(Role, member, moderator, owner)

struct Room {
    RoomId id;
    std::string name;
    std::optional<std::string> description;
    std::optional<UserId> creator_id;
    RoomType room_type = RoomType::public_;
    std::optional<std::string> access_token_mint;
    std::optional<std::string> access_nft_collection;
    json::BigInt min_token_amount;
    int max_participants = 50;
    std::int64_t participant_count = 0;
    bool is_active = true;
    Time created_at;
    Time updated_at;
};
BOOST_DESCRIBE_STRUCT(Room, (),
                      (id, name, description, creator_id, room_type, access_token_mint,
                       access_nft_collection, min_token_amount, max_participants, participant_count,
                       is_active, created_at, updated_at))

struct Participant {
    RoomId room_id;
    UserId user_id;
    std::optional<std::string> name;
    std::optional<std::string> username;
    Role role = Role::member;
    bool is_banned = false;
    Time joined_at;
    Time last_active_at;
};
BOOST_DESCRIBE_STRUCT(Participant, (),
                      (room_id, user_id, name, username, role, is_banned, joined_at,
                       last_active_at))

struct NewRoom {
    Text<1, 255> name;
    std::optional<Text<0, 2000>> description;
    RoomType room_type = RoomType::public_;
    std::optional<Text<32, 44>> access_token_mint;
    std::optional<Text<32, 44>> access_nft_collection;
    std::optional<json::BigInt> min_token_amount;
    std::optional<Int<1, 10'000>> max_participants;
};
BOOST_DESCRIBE_STRUCT(NewRoom, (),
                      (name, description, room_type, access_token_mint, access_nft_collection,
                       min_token_amount, max_participants))

/// What `access_room` grants: who the asker is in that room.
struct Membership {
    RoomId room;
    UserId user;
    Role role = Role::member;
};

/// What a page about a room was made of: events up to a seq, people's rows, documents. While all of
/// it is as it was, the page shows what is there.
struct PageSources {
    std::int64_t last_seq = -1;  ///< none
    std::vector<UserId> users;
    std::vector<std::string> user_versions;  ///< in the users' order: each row's xmin
    std::vector<DocumentId> documents;       ///< that exist
};

struct PageAccess {
    Membership membership;
    std::int64_t last_seq = 0;
    bool is_unchanged = false;           ///< since the sources asked about
    std::optional<postgres::Rows> rows;  ///< of what was run together
};

struct Joined {
    Participant participant;
    struct Access {
        bool granted = true;
        std::string reason;  ///< "public", "invite", "already_member"
        Time checked_at;
    } access;
};
BOOST_DESCRIBE_STRUCT(Joined::Access, (), (granted, reason, checked_at))
BOOST_DESCRIBE_STRUCT(Joined, (), (participant, access))

struct Invite {
    RowId id;
    std::string code;  ///< shown once
    int uses_max = 1;
    Time expires_at;
};
BOOST_DESCRIBE_STRUCT(Invite, (), (id, code, uses_max, expires_at))

/// What a PATCH of a room may change; absent fields stay.
struct RoomChange {
    std::optional<Text<1, 255>> name;
    std::optional<Text<0, 2000>> description;
    std::optional<Int<1, 10'000>> max_participants;
};
BOOST_DESCRIBE_STRUCT(RoomChange, (), (name, description, max_participants))

struct ParticipantChange {
    std::optional<Role> role;
    std::optional<bool> is_banned;
};
BOOST_DESCRIBE_STRUCT(ParticipantChange, (), (role, is_banned))

class Rooms {
  public:
    Rooms(postgres::Database& database, RoomEvents& events);

    /// From now on `access_room` believes a member to be one, and `get` a room to be as it was, for
    /// `redis::fact_age_max`, or until a change of the room is announced. Before the first request.
    void remember_rooms(redis::Invalidations& invalidations, Metrics& metrics);

    /// The only way to a room's inside: the asker is a present, unbanned participant with at least
    /// `least`. `room_not_found` (404) for a room that is absent, closed, or private and not
    /// joined; `not_a_participant`, `banned`, `role_too_low` (403) otherwise.
    Result<Membership> access_room(const UserId& user, const RoomId& room,
                                   Role least = Role::member);

    /// `access_room` for a member, and in the same round trip whether their session lives
    /// (`session_revoked`, 401) and whether a page of `kept` still shows what is there. `together`
    /// is run in that round trip, too, after it, whoever asks: only what is cheap.
    Result<PageAccess> access_page(const http::Bearer& asker, const RoomId& room,
                                   const PageSources& kept,
                                   std::optional<postgres::Call> together = std::nullopt);

    Result<Room> create(const UserId& user, const NewRoom& wanted);
    /// `room_full` (409), `banned` (403), `invite_invalid` (403), `gate_unsupported` (503 until
    /// gates can be checked). Joining twice gives the same participant again.
    Result<Joined> join(const UserId& user, const RoomId& room,
                        const std::optional<std::string>& invite_code);
    Result<void> leave(const UserId& user, const RoomId& room);
    /// A room that the asker may know of: any but a private one, or one they are in. Remembered.
    Result<Room> get(const UserId& user, const RoomId& room);
    Result<http::Listing<Room>> list(const UserId& user, std::optional<RoomType> type,
                                     const std::optional<std::string>& text, bool mine,
                                     std::int64_t limit, const std::optional<std::string>& cursor);
    Result<http::Listing<Participant>> participants(const UserId& user, const RoomId& room,
                                                    std::int64_t limit,
                                                    const std::optional<std::string>& cursor);
    /// By moderators; the code is readable in this answer only.
    Result<Invite> invite(const UserId& user, const RoomId& room, int uses_max,
                          std::chrono::seconds lifetime);
    /// By the owner; tells everyone (`room_updated`).
    Result<Room> update(const UserId& user, const RoomId& room, const RoomChange& change);
    /// By the owner: nobody finds or enters the room again (`room_closed`).
    Result<void> close(const UserId& user, const RoomId& room);
    /// Roles are given by the owner; bans by whoever stands above the person. A ban puts out.
    /// `participant_not_found` (404), `role_too_low` (403), `role_not_assignable` (422).
    Result<Participant> update_participant(const UserId& user, const RoomId& room,
                                           const UserId& person, const ParticipantChange& change);
    /// Puts someone below the asker out; they may come back.
    Result<void> kick(const UserId& user, const RoomId& room, const UserId& person);
    RoomEvents& events() { return events_; }

  private:
    Result<Membership> find_membership(const UserId& user, const RoomId& room);
    Result<Room> find_room(const UserId& user, const RoomId& room);
    /// After a commit that changed it, who is in it or who may do what in it: every node asks anew.
    void announce_change(const RoomId& room);
    /// Puts the person out within the caller's transaction; nothing if they are not in.
    Result<std::optional<Event>> put_out(postgres::Session& session, const RoomId& room,
                                         const UserId& person, std::string_view reason);
    /// The person's place, if the asker stands above them.
    Result<Participant> access_participant(const UserId& user, const RoomId& room,
                                           const UserId& person);

    postgres::Database& database_;
    RoomEvents& events_;
    redis::Invalidations* invalidations_ = nullptr;
    std::unique_ptr<redis::FactCache<Membership>> members_;
    std::unique_ptr<redis::FactCache<Room>> rooms_;
};

}  // namespace stoa::rooms
