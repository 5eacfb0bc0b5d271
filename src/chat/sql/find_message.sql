-- One message of a room.
SELECT m.id, m.room_id, m.seq, m.user_id, u.name, u.username, m.message_type, m.content,
       m.reply_to_id, m.document_id, m.highlight_data, m.reactions, m.is_pinned, m.is_deleted,
       m.nft_mint, m.client_msg_id, m.created_at, m.updated_at
FROM chat_messages m
LEFT JOIN users u ON u.id = m.user_id
WHERE m.id = $1 AND m.room_id = $2
