-- The last messages behind those that are summarised, newest first.
SELECT id, role, sealed_turn, provider, model, created_at FROM conversation_messages
WHERE conversation_id = $1
  AND ($2::uuid IS NULL
       OR (created_at, id) > (SELECT m.created_at, m.id FROM conversation_messages m
                              WHERE m.id = $2 AND m.conversation_id = $1))
ORDER BY created_at DESC, id DESC
LIMIT $3
