-- For other programs' queues: announced while Redis was away, or not answered for long. Whoever
-- enqueued or claimed them has 5 s to send them; what was not answered is queued until then.
UPDATE jobs SET state = 'queued', updated_at = now()
WHERE id IN (SELECT id FROM jobs
             WHERE queue <> $1 AND attempt < attempts_max
               AND ((state = 'queued' AND updated_at < now() - interval '5 seconds')
                 OR (state = 'sent' AND run_at < now() - make_interval(secs => $2)
                     AND updated_at < now() - make_interval(secs => $2)))
             ORDER BY run_at
             LIMIT 100
             FOR UPDATE SKIP LOCKED)
RETURNING id, task, queue, arguments, priority, attempt, attempts_max, run_at, trace_id
