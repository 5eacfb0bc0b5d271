-- The most urgent first, also among those that are leased together. What has expired is left to
-- expire_jobs. A plan made while the queue was short reads the whole table, and would be kept until a
-- long one is analysed. A row is updated where it was locked; one that moved in between is left for
-- the next time.
-- plan: anew
WITH claimed AS (
    UPDATE jobs
    SET state = 'running', attempt = attempt + 1, worker = $3, lease_token = gen_random_uuid(),
        lease_until = now() + make_interval(secs => $4), updated_at = now()
    WHERE ctid = ANY (ARRAY(SELECT ctid FROM jobs
                 WHERE queue = $1 AND task = ANY ($2) AND state = 'queued'
                   AND run_at <= now() AND attempt < attempts_max
                   AND (expires_at IS NULL OR expires_at > now())
                 ORDER BY priority, run_at
                 LIMIT $5
                 FOR UPDATE SKIP LOCKED))
    RETURNING id, lease_token AS token, task, arguments, attempt, attempts_max, trace_id,
              wants_result, soft_limit_seconds, hard_limit_seconds, priority, run_at
)
SELECT id, token, task, arguments, attempt, attempts_max, trace_id, wants_result,
       soft_limit_seconds, hard_limit_seconds
FROM claimed
ORDER BY priority, run_at, id
