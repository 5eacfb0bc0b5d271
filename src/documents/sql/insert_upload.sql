-- Nothing has come of it yet.
INSERT INTO upload_sessions (id, user_id, length_bytes, file_name, fields, document_id, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7))
