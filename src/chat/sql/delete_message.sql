-- The row stays for its seq and its replies; what was said goes.
UPDATE chat_messages
SET is_deleted = true, content = '', highlight_data = NULL, reactions = '{}', is_pinned = false,
    updated_at = now()
WHERE id = $1 AND room_id = $2 AND NOT is_deleted
RETURNING seq
