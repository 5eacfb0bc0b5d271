-- Asked at every request with a token, so that revoking a session takes effect at once.
SELECT user_id, last_used_at < now() - interval '1 minute' AS is_stale
FROM sessions WHERE id = $1 AND revoked_at IS NULL AND expires_at > now()
