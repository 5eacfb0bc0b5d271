-- What failed on our side may be asked again under the same key; but not if it changed something, as
-- it did for all that its holder knows ($4). Then the lease ends, so that who asks again is told.
WITH abandoned AS (
    UPDATE idempotency_keys SET lease_until = now()
    WHERE user_id = $1 AND key_sha256 = $2 AND lease_token = $3 AND answer IS NULL
      AND is_changed AND $4
)
DELETE FROM idempotency_keys
WHERE user_id = $1 AND key_sha256 = $2 AND lease_token = $3 AND answer IS NULL
  AND NOT (is_changed AND $4)
