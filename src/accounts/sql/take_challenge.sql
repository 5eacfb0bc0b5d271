-- Deleting it is what makes a nonce single-use: of parallel tries the first one gets the row.
DELETE FROM siws_challenges WHERE nonce = $1
RETURNING input, user_id, expires_at <= now() AS is_expired
