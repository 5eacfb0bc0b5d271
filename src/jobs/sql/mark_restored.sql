-- Only if it is still as silent as it was.
UPDATE worker_heartbeats SET is_restored = true
WHERE worker = $1 AND seen_at < now() - interval '6 seconds'
