-- A message of another program becomes a row, once: the same message may come again.
INSERT INTO jobs (id, task, queue, arguments, priority, attempts_max, run_at, trace_id, origin,
                  wants_result, expires_at, soft_limit_seconds, hard_limit_seconds)
VALUES ($1, $2, $3, $4, $5, $6, coalesce($7, now()), nullif($8, ''), 'celery', $9, $10, $11, $12)
ON CONFLICT (id) DO NOTHING
RETURNING id
