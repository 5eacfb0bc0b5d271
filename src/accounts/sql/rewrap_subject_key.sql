-- Unless somebody else changed it or another master key has become the active one.
WITH active AS (SELECT id FROM active_master_key WHERE id = $4 FOR SHARE)
UPDATE subject_keys SET wrapped_key = $3, master_key_id = active.id FROM active
WHERE user_id = $1::text::uuid AND wrapped_key = $2 AND erased_at IS NULL
