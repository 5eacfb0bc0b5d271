-- The conversation of an answer, which is its asker's alone.
SELECT c.id FROM conversation_messages m JOIN conversations c ON c.id = m.conversation_id
WHERE m.id = $1 AND ($2::uuid IS NULL OR c.id = $2) AND c.user_id = $3 AND m.role = 'assistant'
