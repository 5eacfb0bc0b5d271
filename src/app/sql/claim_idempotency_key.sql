-- A new key, or one whose holder died before it changed anything, becomes the asker's; any other stays
-- as it is.
INSERT INTO idempotency_keys AS k (user_id, key_sha256, request_sha256, lease_token, lease_until)
VALUES ($1, $2, $3, $4, now() + interval '15 seconds')
ON CONFLICT (user_id, key_sha256) DO UPDATE
SET request_sha256 = excluded.request_sha256, lease_token = excluded.lease_token,
    lease_until = excluded.lease_until, answer = NULL, is_changed = false, created_at = now()
WHERE k.created_at < now() - interval '24 hours'
   OR (k.answer IS NULL AND k.lease_until < now() AND NOT k.is_changed
       AND k.request_sha256 = excluded.request_sha256)
