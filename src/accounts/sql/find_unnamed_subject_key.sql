-- A key from before master keys had names, to see which of them is the one in use.
SELECT user_id::text AS name, wrapped_key, master_key_id
FROM subject_keys WHERE master_key_id IS NULL AND erased_at IS NULL LIMIT 1
