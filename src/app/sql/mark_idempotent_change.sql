-- Goes along with the request's first change; fails, and the change with it, if another has the key.
WITH marked AS (
    UPDATE idempotency_keys SET is_changed = true
    WHERE user_id = $1 AND key_sha256 = $2 AND lease_token = $3
    RETURNING 1
)
SELECT CASE WHEN count(*) = 1 THEN true ELSE raise_lease_lost() END FROM marked
