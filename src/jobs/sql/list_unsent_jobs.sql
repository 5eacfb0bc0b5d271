-- For other programs' queues: announced while Redis was away, or not answered for long. The latest
-- 5 s are left to whoever enqueued them.
SELECT id, task, queue, arguments, priority, attempt, attempts_max, run_at, trace_id
FROM jobs
WHERE queue <> $1 AND attempt < attempts_max
  AND ((state = 'queued' AND created_at < now() - interval '5 seconds')
    OR (state = 'sent' AND run_at < now() - make_interval(secs => $2)
        AND updated_at < now() - make_interval(secs => $2)))
ORDER BY run_at
LIMIT 100
