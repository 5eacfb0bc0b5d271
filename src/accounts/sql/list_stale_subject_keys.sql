-- Those that another master key than $1 wrapped, a page at a time; the installation's is the first.
SELECT user_id::text AS name, wrapped_key, master_key_id
FROM subject_keys
WHERE master_key_id IS DISTINCT FROM $1 AND erased_at IS NULL
  AND ($2::text IS NULL OR user_id > $2::text::uuid)
ORDER BY user_id LIMIT $3
