-- The last few messages, newest first: what a follow-up question may refer to.
SELECT id, role, sealed_turn, provider, model, created_at FROM conversation_messages
WHERE conversation_id = $1
ORDER BY created_at DESC, id DESC
LIMIT 6
