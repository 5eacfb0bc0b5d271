-- A hint named it; nothing if another worker was faster or it is not due yet.
UPDATE jobs
SET state = 'running', attempt = attempt + 1, worker = $4, lease_token = gen_random_uuid(),
    lease_until = now() + make_interval(secs => $5), updated_at = now()
WHERE id = (SELECT id FROM jobs
            WHERE id = $1 AND queue = $2 AND task = ANY ($3) AND state = 'queued'
              AND run_at <= now() AND attempt < attempts_max
            FOR UPDATE SKIP LOCKED)
RETURNING id, lease_token AS token, task, arguments, attempt, attempts_max, trace_id
