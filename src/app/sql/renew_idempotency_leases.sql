-- Requests under way on one node; a node that dies renews nothing. A row that is locked is
-- just being marked or settled, by its holder.
UPDATE idempotency_keys SET lease_until = now() + interval '15 seconds'
WHERE (user_id, key_sha256) IN (
    SELECT user_id, key_sha256 FROM idempotency_keys
    WHERE lease_token = ANY($1) AND answer IS NULL
    FOR UPDATE SKIP LOCKED)
