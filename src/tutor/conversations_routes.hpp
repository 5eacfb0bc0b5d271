// SPDX-License-Identifier: Apache-2.0
// The REST side of one's own conversations: each function gives the handler of one route;
// app/route_table.cpp says which. All need `Access::signed_in`; another's conversation is 404. What
// was answered quotes documents, so it is read only by who may still read what it is about; it can
// always be listed, renamed and deleted. The `Tutor` outlives the handlers. Any thread.
#pragma once

#include "http/message.hpp"
#include "tutor/tutor.hpp"

namespace stoa::tutor::routes {

http::Handler conversations(Tutor& tutor);          ///< GET /conversations
http::Handler get_conversation(Tutor& tutor);       ///< GET /conversations/{conversation_id}
http::Handler rename_conversation(Tutor& tutor);    ///< PATCH /conversations/{conversation_id}
http::Handler delete_conversation(Tutor& tutor);    ///< DELETE /conversations/{conversation_id}
http::Handler conversation_messages(Tutor& tutor);  ///< GET …/{conversation_id}/messages
http::Handler export_conversation(Tutor& tutor);    ///< GET …/{conversation_id}/export

}  // namespace stoa::tutor::routes
