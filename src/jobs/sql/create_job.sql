-- In the caller's transaction; nothing if an unfinished job has the key.
INSERT INTO jobs (id, task, queue, arguments, unique_key, attempts_max, run_at, trace_id, priority)
VALUES ($1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7), nullif($8, ''), $9)
ON CONFLICT (unique_key)
    WHERE unique_key IS NOT NULL AND state IN ('queued', 'running', 'sent') DO NOTHING
RETURNING id
