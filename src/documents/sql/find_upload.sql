-- One's own; what has expired is as good as gone.
SELECT id, length_bytes, offset_bytes, piece_count, file_name, fields, document_id, is_finished,
       created_at, expires_at
FROM upload_sessions
WHERE id = $1 AND user_id = $2 AND expires_at > now()
