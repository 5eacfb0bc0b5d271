-- The newest first; of one state if $1 names one.
SELECT id, task, queue, state, attempt, attempts_max, run_at, worker, last_error_code, last_error,
       created_at, finished_at
FROM jobs
WHERE $1::text IS NULL OR state = $1
ORDER BY id DESC
LIMIT $2
