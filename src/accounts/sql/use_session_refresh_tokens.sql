-- Another token takes the place of those that a session still had; a later use of one is seen.
UPDATE refresh_tokens SET used_at = now() WHERE session_id = $1 AND used_at IS NULL
