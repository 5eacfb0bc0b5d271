// SPDX-License-Identifier: Apache-2.0
// The REST side of the tutor: each function gives the handler of one route; app/route_table.cpp
// says which. All need `Access::signed_in`. An answer comes as one JSON object or, with `Accept:
// text/event-stream`, as the events sources, delta…, follow_ups, done; or error, once the stream
// has begun. A restart among the deltas voids those before it. Who lost the connection sends the id
// of the last event as Last-Event-ID, with the same question again or to the answer's own URL. The
// `Tutor` and the `Answers` outlive the handlers. Any thread.
#pragma once

#include "http/message.hpp"
#include "tutor/answers.hpp"
#include "tutor/tutor.hpp"

namespace stoa::tutor::routes {

struct AskRoutes {
    Tutor& tutor;
    Answers& answers;
};

http::Handler ask_document(AskRoutes ask);      ///< POST /documents/{doc_id}/chat
http::Handler ask_room(AskRoutes ask);          ///< POST /rooms/{room_id}/ask
http::Handler conversation(Tutor& tutor);       ///< GET /documents/{doc_id}/chat
http::Handler resume_answer(Answers& answers);  ///< GET …/{conversation_id}/answers/{message_id}
http::Handler cancel_answer(Answers& answers);  ///< DELETE the same

}  // namespace stoa::tutor::routes
