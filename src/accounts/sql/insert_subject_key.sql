-- The first key stands, also against one that is made at the same time. Nothing is inserted if
-- another master key has become the active one since this was wrapped.
WITH active AS (SELECT id FROM active_master_key WHERE id = $3 FOR SHARE)
INSERT INTO subject_keys (user_id, wrapped_key, master_key_id) SELECT $1::uuid, $2::bytea, id FROM active
ON CONFLICT (user_id) DO NOTHING
