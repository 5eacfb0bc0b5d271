-- The lock makes the second of two parallel uses see the first.
SELECT t.session_id, s.user_id, t.used_at IS NOT NULL AS is_used,
       t.expires_at <= now() AS is_expired,
       s.revoked_at IS NOT NULL OR s.expires_at <= now() AS is_ended
FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id
WHERE t.token_sha256 = $1
FOR UPDATE OF t
