-- What became of a request under a key that is not the asker's to claim.
SELECT request_sha256 = $3 AS is_same, answer FROM idempotency_keys
WHERE user_id = $1 AND key_sha256 = $2
