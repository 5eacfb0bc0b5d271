// SPDX-License-Identifier: Apache-2.0
// The REST side of messages: each function gives the handler of one route; app/route_table.cpp says
// which. All need `Access::signed_in`, `list` needs `Access::bearer`. The `Messages` outlives the
// handlers. Any thread.
#pragma once

#include "chat/messages.hpp"
#include "http/routes.hpp"

namespace stoa::chat::routes {

http::Handler list(Messages& messages);          ///< GET /rooms/{room_id}/messages
http::Handler send(Messages& messages);          ///< POST /rooms/{room_id}/messages
http::Handler edit(Messages& messages);          ///< PATCH /rooms/{room_id}/messages/{message_id}
http::Handler remove(Messages& messages);        ///< DELETE /rooms/{room_id}/messages/{message_id}
http::Handler pin(Messages& messages);           ///< PUT …/{message_id}/pin
http::Handler unpin(Messages& messages);         ///< DELETE …/{message_id}/pin
http::Handler add_reaction(Messages& messages);  ///< PUT …/{message_id}/reactions/{emoji}
http::Handler remove_reaction(Messages& messages);  ///< DELETE …/{message_id}/reactions/{emoji}

}  // namespace stoa::chat::routes
