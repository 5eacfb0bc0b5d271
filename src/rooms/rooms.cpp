// SPDX-License-Identifier: Apache-2.0
#include "rooms/rooms.hpp"

#include "accounts/audit.hpp"
#include "accounts/profiles.hpp"
#include "accounts/tokens.hpp"
#include "rooms/sql.hpp"

#include <algorithm>

namespace stoa::rooms {
namespace {

struct Place {
    std::optional<RoomType> room_type;  ///< none: there is no such room
    std::optional<bool> is_creator;
    std::optional<Role> role;
    bool is_banned = false;
    bool is_present = false;
    std::optional<accounts::PlatformRole> platform_role;
};
BOOST_DESCRIBE_STRUCT(Place, (),
                      (room_type, is_creator, role, is_banned, is_present, platform_role))

/// The platform's moderators moderate public rooms, its admins also close them, members or not.
Role role_in_public(accounts::PlatformRole role) {
    if (role == accounts::PlatformRole::admin) return Role::owner;
    return role == accounts::PlatformRole::moderator ? Role::moderator : Role::member;
}

Role role_of(const Place& place) {
    const Role own = place.is_present ? place.role.value_or(Role::member) : Role::member;
    if (place.room_type != RoomType::public_ || !place.platform_role) return own;
    return std::max(own, role_in_public(*place.platform_role));
}

struct PagePlace : Place {
    std::int64_t last_seq = 0;
    bool is_unchanged = false;
};
BOOST_DESCRIBE_STRUCT(PagePlace, (Place), (last_seq, is_unchanged))

tl::unexpected<Error> no_such_room() {
    return fail(ErrorKind::not_found, "room_not_found", "There is no such room.");
}

bool is_base58(std::string_view text) {
    static constexpr std::string_view digits =
        "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    return text.find_first_not_of(digits) == std::string_view::npos;
}

void check_address(std::vector<FieldError>& wrong, const std::string& field, bool wanted,
                   const std::optional<Text<32, 44>>& address) {
    const std::vector<std::string> loc = {"body", field};
    if (!wanted && address) {
        wrong.push_back({loc, "Only a room of the type that it gates has this field", "gate_type"});
    } else if (wanted && !address) {
        wrong.push_back({loc, "A room of this type needs this field", "gate_type"});
    } else if (wanted && !is_base58(address->value)) {
        wrong.push_back({loc, "Input should be a Base58 address", "base58_parsing"});
    }
}

Result<void> check_gate(const NewRoom& room) {
    std::vector<FieldError> wrong;
    const bool by_token = room.room_type == RoomType::token_gated;
    check_address(wrong, "access_token_mint", by_token, room.access_token_mint);
    check_address(wrong, "access_nft_collection", room.room_type == RoomType::nft_gated,
                  room.access_nft_collection);
    if (room.min_token_amount && (!by_token || room.min_token_amount->value < 1)) {
        wrong.push_back({{"body", "min_token_amount"},
                         "Only a token-gated room has this field, and it is at least 1",
                         "gate_type"});
    }
    if (wrong.empty()) return {};
    return tl::unexpected<Error>(Error{ErrorKind::invalid,
                                       "validation_failed",
                                       "The fields of the gate do not fit the room's type.",
                                       std::move(wrong),
                                       {}});
}

/// The decision of `access_room` for a member.
Result<Membership> grant(const Place& place, const UserId& user, const RoomId& room) {
    if (!place.room_type) return no_such_room();
    if (place.is_banned) {
        return fail(ErrorKind::forbidden, "banned", "You are banned from this room.");
    }
    const Role role = role_of(place);
    if (!place.is_present && role == Role::member) {
        if (place.room_type == RoomType::private_ && !place.is_creator.value_or(false)) {
            return no_such_room();
        }
        return fail(ErrorKind::forbidden, "not_a_participant",
                    "You are not in this room; join it first.");
    }
    return Membership{room, user, role};
}

}  // namespace

Rooms::Rooms(postgres::Database& database, RoomEvents& events)
    : database_(database), events_(events) {}

void Rooms::remember_rooms(redis::Invalidations& invalidations, Metrics& metrics) {
    constexpr std::size_t members_max = 50'000;  // of some 300 bytes
    constexpr std::size_t rooms_max = 10'000;    // of up to 9 kB with the longest description
    invalidations_ = &invalidations;
    members_ = std::make_unique<redis::FactCache<Membership>>("members", members_max, invalidations,
                                                              metrics);
    rooms_ = std::make_unique<redis::FactCache<Room>>("rooms", rooms_max, invalidations, metrics);
}

void Rooms::announce_change(const RoomId& room) {
    if (invalidations_ != nullptr) invalidations_->announce("room:" + room.str());
}

Result<Membership> Rooms::access_room(const UserId& user, const RoomId& room, Role least) {
    const auto find = [&] { return find_membership(user, room); };
    auto member = members_ ? members_->get("room:" + room.str(), user.str(), find) : find();
    if (!member || member->role >= least) return member;
    return fail(ErrorKind::forbidden, "role_too_low",
                "This needs the role of " + std::string(json::enum_name(least)) + " in the room.");
}

Result<Membership> Rooms::find_membership(const UserId& user, const RoomId& room) {
    const auto place = database_.find<Place>(sql::find_access, room, user);
    if (!place) return fail(place);
    return grant(place->value_or(Place{}), user, room);
}

Result<PageAccess> Rooms::access_page(const http::Bearer& asker, const RoomId& room,
                                      const PageSources& kept,
                                      std::optional<postgres::Call> together) {
    postgres::Batch batch;
    batch.add(sql::find_page_access, room, asker.user, asker.session, kept.last_seq, kept.users,
              kept.user_versions, kept.documents);
    if (together) batch.append(std::move(*together));
    auto rows = database_.run(batch);
    if (!rows) return fail(rows);
    const auto place = postgres::first_as<PagePlace>(rows->front());
    if (!place) return accounts::session_revoked();
    const auto membership = grant(*place, asker.user, room);
    if (!membership) return fail(membership);
    PageAccess access{*membership, place->last_seq, place->is_unchanged, std::nullopt};
    if (together) access.rows = std::move(rows->back());
    return access;
}

Result<Room> Rooms::create(const UserId& user, const NewRoom& wanted) {
    constexpr long long participants_default = 50;
    if (auto checked = check_gate(wanted); !checked) return fail(checked);
    const auto capacity = wanted.max_participants.value_or(Int<1, 10'000>{participants_default});
    const bool by_token = wanted.room_type == RoomType::token_gated;
    const std::int64_t amount = wanted.min_token_amount ? wanted.min_token_amount->value : by_token;
    return database_.one<Room>(sql::create_room, RoomId::make(), wanted.name, wanted.description,
                               user, wanted.room_type, wanted.access_token_mint,
                               wanted.access_nft_collection, amount, capacity, RowId::make());
}

Result<Room> Rooms::get(const UserId& user, const RoomId& room) {
    const auto find = [&] { return find_room(user, room); };
    return rooms_ ? rooms_->get("room:" + room.str(), user.str(), find) : find();
}

Result<Room> Rooms::find_room(const UserId& user, const RoomId& room) {
    auto found = database_.find<Room>(sql::find_room, room, user);
    if (!found) return fail(found);
    if (!*found) return no_such_room();
    return std::move(**found);
}

Result<http::Listing<Room>> Rooms::list(const UserId& user, std::optional<RoomType> type,
                                        const std::optional<std::string>& text, bool mine,
                                        std::int64_t limit,
                                        const std::optional<std::string>& cursor) {
    std::optional<RoomId> before;
    if (cursor) {
        before = RoomId::parse(*cursor);
        if (!before) return http::invalid_cursor();
    }
    auto rooms = database_.list<Room>(sql::list_rooms, user, mine, type, text, before, limit + 1);
    if (!rooms) return fail(rooms);
    http::Listing<Room> page{std::move(*rooms), std::nullopt};
    if (std::cmp_greater(page.items.size(), limit)) {
        page.items.pop_back();
        page.next_cursor = page.items.back().id.str();
    }
    return page;
}

Result<Room> Rooms::update(const UserId& user, const RoomId& room, const RoomChange& change) {
    if (auto member = access_room(user, room, Role::owner); !member) return fail(member);
    auto event = database_.transact([&](postgres::Session& session) -> Result<Event> {
        auto updated = session.find<RoomId>(sql::update_room, room, change.name, change.description,
                                            change.max_participants);
        if (!updated) return fail(updated);
        if (!*updated) return no_such_room();
        auto now = session.one<Room>(sql::find_room, room, user);
        if (!now) return fail(now);
        return append_event(session, room, "room_updated", json::to_text(*now));
    });
    if (!event) return fail(event);
    announce_change(room);
    events_.publish(*event);
    return get(user, room);
}

Result<void> Rooms::close(const UserId& user, const RoomId& room) {
    if (auto member = access_room(user, room, Role::owner); !member) return fail(member);
    auto event = database_.transact([&](postgres::Session& session) -> Result<Event> {
        auto closed = session.find<RoomId>(sql::close_room, room);
        if (!closed) return fail(closed);
        if (!*closed) return no_such_room();
        auto told = append_event(session, room, "room_closed", "{}");
        if (!told) return told;
        auto recorded = accounts::record(
            session,
            {.action = accounts::AuditAction::room_closed, .actor = user, .subject = room.str()});
        if (!recorded) return fail(recorded);
        return told;
    });
    if (!event) return fail(event);
    announce_change(room);
    events_.publish(*event);
    return {};
}

}  // namespace stoa::rooms
