// SPDX-License-Identifier: Apache-2.0
// The REST side of the tutor: each function gives the handler of one route; app/route_table.cpp
// says which. All need `Access::signed_in`. An answer comes as one JSON object or, with `Accept:
// text/event-stream`, as the events sources, delta…, follow_ups, done; or error, once the stream
// has begun. A restart among the deltas voids those before it. The `Tutor` outlives the handlers.
// Any thread.
#pragma once

#include "http/message.hpp"
#include "tutor/tutor.hpp"

namespace stoa::tutor::routes {

http::Handler ask_document(Tutor& tutor);  ///< POST /documents/{doc_id}/chat
http::Handler ask_room(Tutor& tutor);      ///< POST /rooms/{room_id}/ask
http::Handler conversation(Tutor& tutor);  ///< GET /documents/{doc_id}/chat

}  // namespace stoa::tutor::routes
