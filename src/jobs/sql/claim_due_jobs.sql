-- What no hint told of: delayed, retried, or announced while Redis was away.
UPDATE jobs
SET state = 'running', attempt = attempt + 1, worker = $3, lease_token = gen_random_uuid(),
    lease_until = now() + make_interval(secs => $4), updated_at = now()
WHERE id IN (SELECT id FROM jobs
             WHERE queue = $1 AND task = ANY ($2) AND state = 'queued'
               AND run_at <= now() AND attempt < attempts_max
             ORDER BY priority, run_at
             LIMIT $5
             FOR UPDATE SKIP LOCKED)
RETURNING id, lease_token AS token, task, arguments, attempt, attempts_max, trace_id
