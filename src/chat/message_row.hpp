// SPDX-License-Identifier: Apache-2.0
// A row of chat_messages with its author, as the module's statements select it. Values; with
// std::string_view for `Chars` they live as long as the rows that they were read from.
#pragma once

#include "chat/messages.hpp"

#include <optional>
#include <string>
#include <utility>

namespace stoa::chat {

template <class Chars>
struct BasicMessageRow {
    MessageId id;
    RoomId room_id;
    std::int64_t seq = 0;
    std::optional<UserId> user_id;
    std::optional<Chars> name;
    std::optional<Chars> username;
    MessageType message_type = MessageType::text;
    Chars content;
    std::optional<MessageId> reply_to_id;
    std::optional<DocumentId> document_id;
    std::optional<json::BasicRaw<Chars>> highlight_data;
    json::BasicRaw<Chars> reactions;
    bool is_pinned = false;
    bool is_deleted = false;
    std::optional<Chars> nft_mint;
    std::optional<Chars> client_msg_id;
    Time created_at;
    Time updated_at;
    BOOST_DESCRIBE_CLASS(BasicMessageRow, (),
                         (id, room_id, seq, user_id, name, username, message_type, content,
                          reply_to_id, document_id, highlight_data, reactions, is_pinned,
                          is_deleted, nft_mint, client_msg_id, created_at, updated_at),
                         (), ())
};
using MessageRow = BasicMessageRow<std::string>;

template <class Chars>
BasicMessage<Chars> to_message(BasicMessageRow<Chars>&& row) {
    std::optional<accounts::BasicAuthor<Chars>> user;
    if (row.user_id) user = {*row.user_id, std::move(row.name), std::move(row.username)};
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
