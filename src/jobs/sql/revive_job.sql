-- An operator's new try for what is dead or cancelled.
UPDATE jobs
SET state = 'queued', attempt = 0, run_at = now(), finished_at = NULL,
    updated_at = now(), expires_at = NULL, last_error_code = NULL, last_error = NULL, result = NULL
WHERE id = $1 AND state IN ('dead', 'cancelled')
