-- Given back by a worker that ends: it was no attempt.
UPDATE jobs
SET state = 'queued', attempt = attempt - 1, updated_at = now(), lease_until = NULL, lease_token = NULL
WHERE id = $1 AND lease_token = $2 AND state = 'running'
