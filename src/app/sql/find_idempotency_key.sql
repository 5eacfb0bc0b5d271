-- What became of a request under a key that is not the asker's to claim.
SELECT request_sha256 = $3 AS is_same, answer,
       answer IS NULL AND is_changed AND lease_until <= now() AS is_abandoned
FROM idempotency_keys
WHERE user_id = $1 AND key_sha256 = $2
