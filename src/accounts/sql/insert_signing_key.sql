-- Nothing is inserted if another master key has become the active one since this was wrapped.
WITH active AS (SELECT id FROM active_master_key WHERE id = $4 FOR SHARE)
INSERT INTO signing_keys (kid, public_key, private_key, master_key_id)
SELECT $1::text, $2::bytea, $3::bytea, id FROM active
