-- A person's wrapped key, null once it was destroyed, and which master key wrapped it.
SELECT CASE WHEN erased_at IS NULL THEN wrapped_key END AS wrapped_key, master_key_id
FROM subject_keys WHERE user_id = $1
