-- The asker's own, the last used first, before a place in that order.
SELECT id, room_id, document_id, sealed_title, mode, created_at, updated_at
FROM conversations
WHERE user_id = $1 AND ($2::timestamptz IS NULL OR (updated_at, id) < ($2, $3::uuid))
ORDER BY updated_at DESC, id DESC
LIMIT $4
