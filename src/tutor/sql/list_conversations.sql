-- The asker's own about one document, the last used first.
SELECT id, room_id, document_id, sealed_title, mode, created_at, updated_at
FROM conversations WHERE user_id = $1 AND document_id = $2
ORDER BY updated_at DESC, id DESC
LIMIT 100
