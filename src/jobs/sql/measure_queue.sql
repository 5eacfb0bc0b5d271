-- Depth and age, for the metrics.
SELECT count(*) AS due,
       coalesce(extract(epoch FROM now() - min(run_at)), 0)::double precision AS oldest_seconds
FROM jobs
WHERE queue = $1 AND state = 'queued' AND run_at <= now()
