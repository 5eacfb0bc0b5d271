-- The file lies there already; from here on the document is known.
INSERT INTO pdf_uploads (id, user_id, title, file_name, sha256, mime_type, file_size_bytes,
                         storage_key, room_id, is_public, tags)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
