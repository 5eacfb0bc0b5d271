-- Only by the holder of the lease: another may have taken the key over.
UPDATE idempotency_keys SET answer = $4
WHERE user_id = $1 AND key_sha256 = $2 AND lease_token = $3
