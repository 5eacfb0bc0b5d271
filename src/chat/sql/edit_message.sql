-- Authors change their own text, nobody else's.
UPDATE chat_messages SET content = $4, updated_at = now()
WHERE id = $1 AND room_id = $2 AND user_id = $3 AND NOT is_deleted AND message_type = 'text'
RETURNING id
