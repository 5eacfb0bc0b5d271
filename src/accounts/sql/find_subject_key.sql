-- A person's wrapped key; null once it was destroyed.
SELECT CASE WHEN erased_at IS NULL THEN wrapped_key END AS wrapped_key
FROM subject_keys WHERE user_id = $1
