-- Newest first, for reading back.
SELECT m.id, m.room_id, m.seq, m.user_id, u.name, u.username, m.message_type, m.content,
       m.reply_to_id, m.document_id, m.highlight_data, m.reactions, m.is_pinned, m.is_deleted,
       m.nft_mint, m.client_msg_id, m.created_at, m.updated_at,
       u.xmin::text AS user_version
FROM chat_messages m
LEFT JOIN users u ON u.id = m.user_id
WHERE m.room_id = $1 AND m.seq < $2 AND m.seq > $3
  AND ($4::text IS NULL OR strpos(lower(m.content), lower($4)) > 0)
  AND ($5::boolean IS NULL OR m.is_pinned = $5)
ORDER BY m.seq DESC
LIMIT $6
