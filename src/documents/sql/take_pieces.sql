-- The document has them now, or nobody wants them any more.
DELETE FROM upload_pieces WHERE upload_id = $1 RETURNING storage_key
