-- What has not begun. Every worker hears of a revocation; the first one does it.
UPDATE jobs
SET state = 'cancelled', finished_at = now(), updated_at = now(), last_error_code = 'revoked',
    is_report_due = wants_result
WHERE id = $1 AND state = 'queued'
RETURNING id, id AS token, task, arguments, attempt, attempts_max, trace_id, wants_result,
          soft_limit_seconds, hard_limit_seconds
