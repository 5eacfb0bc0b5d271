-- The master key that wraps what is new; none before the first was used.
SELECT id FROM active_master_key
