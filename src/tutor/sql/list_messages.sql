-- Oldest first; that the conversation is the asker's was checked before.
SELECT id, role, content, sources, follow_ups AS follow_up_questions, provider, model, created_at
FROM conversation_messages
WHERE conversation_id = $1 AND ($2::uuid IS NULL OR id > $2)
ORDER BY id
LIMIT $3
