-- One message; whose it is was checked before.
SELECT id, role, sealed_turn, provider, model, created_at FROM conversation_messages WHERE id = $1
