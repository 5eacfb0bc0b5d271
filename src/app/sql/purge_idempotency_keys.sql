-- After a day a key is new again; in bounded steps.
DELETE FROM idempotency_keys WHERE (user_id, key_sha256) IN (
    SELECT user_id, key_sha256 FROM idempotency_keys
    WHERE created_at < now() - interval '24 hours' LIMIT $1)
