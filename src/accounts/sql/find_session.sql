-- Asked for requests with a token, at least once a second, so that a revoked session is out soon.
SELECT user_id, last_used_at < now() - interval '1 minute' AS is_stale
FROM sessions WHERE id = $1 AND revoked_at IS NULL AND expires_at > now()
