-- So that no piece comes while it ends; no row if it is not the asker's.
SELECT id FROM upload_sessions WHERE id = $1 AND user_id = $2 AND expires_at > now() FOR UPDATE
