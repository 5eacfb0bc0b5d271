-- A failure that may pass.
UPDATE jobs
SET state = 'queued', run_at = now() + make_interval(secs => $3), updated_at = now(),
    lease_until = NULL, lease_token = NULL, last_error_code = $4, last_error = $5
WHERE id = $1 AND lease_token = $2 AND state = 'running'
