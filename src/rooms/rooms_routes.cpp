// SPDX-License-Identifier: Apache-2.0
#include "rooms/rooms_routes.hpp"

namespace stoa::rooms::routes {
namespace {

constexpr long long page_items_default = 50;
using PageLimit = Int<1, 100>;
using Cursor = Text<1, 200>;

struct JoinRoom {
    RoomId room_id;
    std::optional<Text<1, 100>> invite_code;
};
BOOST_DESCRIBE_STRUCT(JoinRoom, (), (room_id, invite_code))

struct LeaveRoom {
    RoomId room_id;
};
BOOST_DESCRIBE_STRUCT(LeaveRoom, (), (room_id))

struct RoomsQuery {
    std::optional<RoomType> type;
    std::optional<Text<1, 255>> q;
    std::optional<bool> mine;
    std::optional<PageLimit> limit;
    std::optional<Cursor> cursor;
};
BOOST_DESCRIBE_STRUCT(RoomsQuery, (), (type, q, mine, limit, cursor))

struct PageQuery {
    std::optional<PageLimit> limit;
    std::optional<Cursor> cursor;
};
BOOST_DESCRIBE_STRUCT(PageQuery, (), (limit, cursor))

struct EventsQuery {
    std::optional<Int<0, INT64_MAX>> after_seq;
    std::optional<PageLimit> limit;
    std::optional<Cursor> cursor;
};
BOOST_DESCRIBE_STRUCT(EventsQuery, (), (after_seq, limit, cursor))

struct NewInvite {
    std::optional<Int<1, 10'000>> uses_max;
    std::optional<Int<60, 30LL * 24 * 3600>> expires_in_seconds;
};
BOOST_DESCRIBE_STRUCT(NewInvite, (), (uses_max, expires_in_seconds))

std::int64_t limit_of(const std::optional<PageLimit>& limit) {
    return limit ? limit->value : page_items_default;
}

/// The events after the cursor (a seq) or, without one, after `after_seq`.
Result<http::Listing<json::Raw>> list_events(Rooms& rooms, const UserId& user, const RoomId& room,
                                             const EventsQuery& query) {
    std::int64_t after = query.after_seq ? query.after_seq->value : 0;
    if (query.cursor) {
        const auto seq = http::seq_of_cursor(query.cursor->value);
        if (!seq) return fail(seq);
        after = *seq;
    }
    if (auto member = rooms.access_room(user, room); !member) return fail(member);
    const std::int64_t limit = limit_of(query.limit);
    auto found = rooms.events().list_after(room, after, limit + 1);
    if (!found) return fail(found);
    http::Listing<json::Raw> page;
    for (auto& event : *found) {
        if (std::cmp_equal(page.items.size(), limit)) {
            page.next_cursor = std::to_string(after);
            break;
        }
        after = event.seq;
        page.items.push_back({std::move(event.json)});
    }
    return page;
}

}  // namespace

http::Handler create(Rooms& rooms) {
    return http::endpoint_with_body<NewRoom>(
        [&rooms](const http::Request& request,
                 const NewRoom& wanted) -> Result<http::Created<Room>> {
            auto room = rooms.create(request.caller->user, wanted);
            if (!room) return fail(room);
            return http::Created<Room>{std::move(*room)};
        });
}

http::Handler join(Rooms& rooms) {
    return http::endpoint_with_body<JoinRoom>(
        [&rooms](const http::Request& request, const JoinRoom& wanted) {
            return rooms.join(request.caller->user, wanted.room_id, text_of(wanted.invite_code));
        });
}

http::Handler leave(Rooms& rooms) {
    return http::endpoint_with_body<LeaveRoom>(
        [&rooms](const http::Request& request, const LeaveRoom& wanted) {
            return rooms.leave(request.caller->user, wanted.room_id);
        });
}

http::Handler list(Rooms& rooms) {
    return http::endpoint([&rooms](const http::Request& request) -> Result<http::Listing<Room>> {
        const auto query = request.query_as<RoomsQuery>();
        if (!query) return fail(query);
        return rooms.list(request.caller->user, query->type, text_of(query->q),
                          query->mine.value_or(false), limit_of(query->limit),
                          text_of(query->cursor));
    });
}

http::Handler get(Rooms& rooms) {
    return http::endpoint([&rooms](const http::Request& request) -> Result<Room> {
        const auto room = request.path_id<RoomId>("room_id");
        if (!room) return fail(room);
        return rooms.get(request.caller->user, *room);
    });
}

http::Handler update(Rooms& rooms) {
    return http::endpoint_with_body<RoomChange>(
        [&rooms](const http::Request& request, const RoomChange& change) -> Result<Room> {
            const auto room = request.path_id<RoomId>("room_id");
            if (!room) return fail(room);
            return rooms.update(request.caller->user, *room, change);
        });
}

http::Handler close(Rooms& rooms) {
    return http::endpoint([&rooms](const http::Request& request) -> Result<void> {
        const auto room = request.path_id<RoomId>("room_id");
        if (!room) return fail(room);
        return rooms.close(request.caller->user, *room);
    });
}

http::Handler participants(Rooms& rooms) {
    return http::endpoint(
        [&rooms](const http::Request& request) -> Result<http::Listing<Participant>> {
            const auto room = request.path_id<RoomId>("room_id");
            if (!room) return fail(room);
            const auto query = request.query_as<PageQuery>();
            if (!query) return fail(query);
            return rooms.participants(request.caller->user, *room, limit_of(query->limit),
                                      text_of(query->cursor));
        });
}

http::Handler update_participant(Rooms& rooms) {
    return http::endpoint_with_body<ParticipantChange>(
        [&rooms](const http::Request& request,
                 const ParticipantChange& change) -> Result<Participant> {
            const auto room = request.path_id<RoomId>("room_id");
            if (!room) return fail(room);
            const auto person = request.path_id<UserId>("user_id");
            if (!person) return fail(person);
            return rooms.update_participant(request.caller->user, *room, *person, change);
        });
}

http::Handler kick(Rooms& rooms) {
    return http::endpoint([&rooms](const http::Request& request) -> Result<void> {
        const auto room = request.path_id<RoomId>("room_id");
        if (!room) return fail(room);
        const auto person = request.path_id<UserId>("user_id");
        if (!person) return fail(person);
        return rooms.kick(request.caller->user, *room, *person);
    });
}

http::Handler invite(Rooms& rooms) {
    constexpr long long lifetime_default_seconds = 7LL * 24 * 3600;
    return http::endpoint_with_body<NewInvite>(
        [&rooms](const http::Request& request,
                 const NewInvite& wanted) -> Result<http::Created<Invite>> {
            const auto room = request.path_id<RoomId>("room_id");
            if (!room) return fail(room);
            const auto seconds = wanted.expires_in_seconds ? wanted.expires_in_seconds->value
                                                           : lifetime_default_seconds;
            auto invite =
                rooms.invite(request.caller->user, *room,
                             wanted.uses_max ? static_cast<int>(wanted.uses_max->value) : 1,
                             std::chrono::seconds(seconds));
            if (!invite) return fail(invite);
            return http::Created<Invite>{std::move(*invite)};
        });
}

http::Handler events(Rooms& rooms, http::Handler stream) {
    auto list =
        http::endpoint([&rooms](const http::Request& request) -> Result<http::Listing<json::Raw>> {
            const auto room = request.path_id<RoomId>("room_id");
            if (!room) return fail(room);
            const auto query = request.query_as<EventsQuery>();
            if (!query) return fail(query);
            return list_events(rooms, request.caller->user, *room, *query);
        });
    return [list = std::move(list), stream = std::move(stream)](http::Request& request) {
        return http::wants_event_stream(request) ? stream(request) : list(request);
    };
}

}  // namespace stoa::rooms::routes
