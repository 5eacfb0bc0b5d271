-- What a remote inspection shows of the future.
SELECT id, task, attempt, run_at, priority
FROM jobs
WHERE queue = $1 AND state = 'queued' AND run_at > now()
ORDER BY priority, run_at
LIMIT 100
