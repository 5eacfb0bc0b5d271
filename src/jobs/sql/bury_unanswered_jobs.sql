-- Sent as often as allowed, and no result ever came.
UPDATE jobs
SET state = 'dead', finished_at = now(), updated_at = now(), last_error_code = 'no_answer',
    last_error = 'No worker of the other program told a result.'
WHERE id IN (SELECT id FROM jobs
             WHERE state = 'sent' AND attempt >= attempts_max
               AND run_at < now() - make_interval(secs => $1)
               AND updated_at < now() - make_interval(secs => $1)
             LIMIT 100
             FOR UPDATE SKIP LOCKED)
