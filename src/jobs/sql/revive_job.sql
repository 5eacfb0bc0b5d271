-- An operator's new try for what is dead or cancelled.
UPDATE jobs
SET state = 'queued', attempt = 0, run_at = now(), finished_at = NULL, updated_at = now()
WHERE id = $1 AND state IN ('dead', 'cancelled')
