-- A conversation is its asker's alone.
SELECT id, room_id, document_id, sealed_title, mode, created_at, updated_at
FROM conversations WHERE id = $1 AND user_id = $2
