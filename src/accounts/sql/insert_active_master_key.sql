-- The first process to wrap a key names the master key; of several at once, the first stands.
INSERT INTO active_master_key (id) VALUES ($1) ON CONFLICT (is_only) DO NOTHING
