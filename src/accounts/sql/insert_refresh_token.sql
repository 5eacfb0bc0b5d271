-- Only the hash is kept: the database gives nobody's session away.
INSERT INTO refresh_tokens (token_sha256, session_id, expires_at) VALUES ($1, $2, $3)
