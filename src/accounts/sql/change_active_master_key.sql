-- Waits for those who wrap a key at this moment: what they wrote is seen by who wraps it anew.
INSERT INTO active_master_key (id) VALUES ($1)
ON CONFLICT (is_only) DO UPDATE SET id = excluded.id, since = now()
WHERE active_master_key.id <> excluded.id
