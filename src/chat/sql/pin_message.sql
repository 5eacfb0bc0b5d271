-- Nothing is changed (and told) if it already is so.
UPDATE chat_messages SET is_pinned = $3
WHERE id = $1 AND room_id = $2 AND NOT is_deleted AND is_pinned <> $3
RETURNING id
