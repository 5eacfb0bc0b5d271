-- One's own, newest first; finished ones too, until they expire.
SELECT id, length_bytes, offset_bytes, piece_count, file_name, fields, document_id, is_finished,
       created_at, expires_at
FROM upload_sessions
WHERE user_id = $1 AND expires_at > now()
ORDER BY id DESC
LIMIT 100
