-- Everything an operator may want to know of one.
SELECT id, task, queue, state, attempt, attempts_max, run_at, worker, last_error_code, last_error,
       created_at, finished_at, arguments, unique_key, priority, trace_id, lease_until, origin,
       result, expires_at
FROM jobs
WHERE id = $1
