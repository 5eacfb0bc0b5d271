-- Their worker died, or lost its way to the database for longer than the lease.
-- plan: anew
UPDATE jobs
SET attempt = attempt + 1, worker = $3, lease_token = gen_random_uuid(),
    lease_until = now() + make_interval(secs => $4), updated_at = now()
WHERE id = ANY (ARRAY(SELECT id FROM jobs
             WHERE queue = $1 AND task = ANY ($2) AND state = 'running'
               AND lease_until < now() AND attempt < attempts_max
             ORDER BY lease_until
             LIMIT $5
             FOR UPDATE SKIP LOCKED))
RETURNING id, lease_token AS token, task, arguments, attempt, attempts_max, trace_id, wants_result,
          soft_limit_seconds, hard_limit_seconds
