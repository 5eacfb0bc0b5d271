-- A session lives as long as its youngest refresh token.
UPDATE sessions SET last_used_at = now(), expires_at = $2 WHERE id = $1
