// SPDX-License-Identifier: Apache-2.0
// A row of chat_messages with its author, as the module's statements select it. Values.
#pragma once

#include "chat/messages.hpp"

#include <optional>
#include <string>
#include <utility>

namespace stoa::chat {

struct MessageRow {
    MessageId id;
    RoomId room_id;
    std::int64_t seq = 0;
    std::optional<UserId> user_id;
    std::optional<std::string> name;
    std::optional<std::string> username;
    MessageType message_type = MessageType::text;
    std::string content;
    std::optional<MessageId> reply_to_id;
    std::optional<DocumentId> document_id;
    std::optional<json::Raw> highlight_data;
    json::Raw reactions;
    bool is_pinned = false;
    bool is_deleted = false;
    std::optional<std::string> nft_mint;
    std::optional<std::string> client_msg_id;
    Time created_at;
    Time updated_at;
};
BOOST_DESCRIBE_STRUCT(MessageRow, (),
                      (id, room_id, seq, user_id, name, username, message_type, content,
                       reply_to_id, document_id, highlight_data, reactions, is_pinned, is_deleted,
                       nft_mint, client_msg_id, created_at, updated_at))

inline Message to_message(MessageRow&& row) {
    std::optional<accounts::Author> user;
    if (row.user_id) {
        user = accounts::Author{*row.user_id, std::move(row.name), std::move(row.username)};
    }
    return {row.id,
            row.room_id,
            row.seq,
            std::move(user),
            row.message_type,
            std::move(row.content),
            row.reply_to_id,
            row.document_id,
            std::move(row.highlight_data),
            std::move(row.reactions),
            row.is_pinned,
            row.is_deleted,
            std::move(row.nft_mint),
            std::move(row.client_msg_id),
            row.created_at,
            row.updated_at};
}

}  // namespace stoa::chat
