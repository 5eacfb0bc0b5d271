-- A message that cannot be run is kept for an operator, but no flood of them.
INSERT INTO jobs (id, task, queue, arguments, attempts_max, state, finished_at, origin,
                  last_error_code, last_error)
SELECT $1, $2, $3, $4, 1, 'dead', now(), 'celery', $5, $6
WHERE (SELECT count(*) FROM jobs WHERE state = 'dead' AND origin = 'celery') < $7
ON CONFLICT (id) DO NOTHING
