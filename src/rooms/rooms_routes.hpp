// SPDX-License-Identifier: Apache-2.0
// The REST side of rooms: each function gives the handler of one route; app/route_table.cpp says
// which. All need `Access::signed_in`. The `Rooms` outlives the handlers. Any thread.
#pragma once

#include "http/routes.hpp"
#include "rooms/rooms.hpp"

namespace stoa::rooms::routes {

http::Handler create(Rooms& rooms);              ///< POST /rooms/create
http::Handler join(Rooms& rooms);                ///< POST /rooms/join
http::Handler leave(Rooms& rooms);               ///< POST /rooms/leave
http::Handler list(Rooms& rooms);                ///< GET /rooms/list
http::Handler get(Rooms& rooms);                 ///< GET /rooms/{room_id}
http::Handler update(Rooms& rooms);              ///< PATCH /rooms/{room_id}
http::Handler close(Rooms& rooms);               ///< DELETE /rooms/{room_id}
http::Handler participants(Rooms& rooms);        ///< GET /rooms/{room_id}/participants
http::Handler update_participant(Rooms& rooms);  ///< PATCH /rooms/{room_id}/participants/{user_id}
http::Handler kick(Rooms& rooms);                ///< DELETE /rooms/{room_id}/participants/{user_id}
http::Handler invite(Rooms& rooms);              ///< POST /rooms/{room_id}/invites
/// GET /rooms/{room_id}/events; `stream` answers who asks for text/event-stream.
http::Handler events(Rooms& rooms, http::Handler stream);

}  // namespace stoa::rooms::routes
