-- It took its worker down in every attempt: no further one.
UPDATE jobs
SET state = 'dead', finished_at = now(), updated_at = now(), lease_until = NULL, lease_token = NULL,
    last_error_code = $3, last_error = $4, is_report_due = wants_result
WHERE id = (SELECT id FROM jobs
            WHERE queue = $1 AND task = ANY ($2) AND state = 'running'
              AND lease_until < now() AND attempt >= attempts_max
            LIMIT 1
            FOR UPDATE SKIP LOCKED)
RETURNING id, id AS token, task, arguments, attempt, attempts_max, trace_id, wants_result,
          soft_limit_seconds, hard_limit_seconds
