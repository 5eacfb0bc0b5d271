-- Unless somebody else changed it or another master key has become the active one.
WITH active AS (SELECT id FROM active_master_key WHERE id = $4 FOR SHARE)
UPDATE signing_keys SET private_key = $3, master_key_id = active.id FROM active
WHERE kid = $1 AND private_key = $2
