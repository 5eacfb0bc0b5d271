// SPDX-License-Identifier: Apache-2.0
// A room's durable log as server-sent events: `id` is the event's seq, `event` its type, `data` the
// event as everywhere. A reader that comes back says `Last-Event-ID` (browsers do by themselves)
// and gets what it missed. It sits in the room's feed like a socket, holds no thread, and is put
// out like one. Passing events (typing, answer deltas) are not in the log, so not here.
#pragma once

#include "chat/room_feed.hpp"
#include "http/routes.hpp"
#include "rooms/rooms.hpp"

namespace stoa::chat {

/// GET /rooms/{room_id}/events with `Accept: text/event-stream`. `rooms` and `feed` outlive it.
http::Handler room_event_stream(rooms::Rooms& rooms, RoomFeed& feed);

}  // namespace stoa::chat
