-- The depth of the queue, for the metric.
SELECT count(*) FROM jobs WHERE queue = $1 AND state = 'queued' AND run_at <= now()
