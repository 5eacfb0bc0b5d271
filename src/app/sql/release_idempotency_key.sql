-- What failed on our side may be asked again under the same key.
DELETE FROM idempotency_keys
WHERE user_id = $1 AND key_sha256 = $2 AND lease_token = $3 AND answer IS NULL
