-- The first key stands, also against one that is made at the same time.
INSERT INTO subject_keys (user_id, wrapped_key) VALUES ($1, $2)
ON CONFLICT (user_id) DO NOTHING
