-- What failed on our side may be asked again under the same key; but not if it was not answered ($4)
-- and turns out to be done.
DELETE FROM idempotency_keys
WHERE user_id = $1 AND key_sha256 = $2 AND lease_token = $3 AND answer IS NULL
  AND NOT (is_changed AND $4)
