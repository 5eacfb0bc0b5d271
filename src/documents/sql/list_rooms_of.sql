-- The rooms that hear of a document; ordered, so that writers lock the rooms in one order.
SELECT room_id FROM document_permissions
WHERE document_id = $1 AND room_id IS NOT NULL AND (expires_at IS NULL OR expires_at > now())
ORDER BY room_id
LIMIT 100
