-- What is shared into a room now, newest first; that the asker is in the room was checked before.
SELECT * FROM documents
WHERE id IN (SELECT document_id FROM document_permissions
             WHERE room_id = $1 AND (expires_at IS NULL OR expires_at > now()))
  AND ($2::uuid IS NULL OR id < $2)
ORDER BY id DESC
LIMIT $3
