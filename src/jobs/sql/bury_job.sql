-- A failure that will not pass, or the last attempt's.
UPDATE jobs
SET state = 'dead', finished_at = now(), updated_at = now(), lease_until = NULL, lease_token = NULL,
    last_error_code = $3, last_error = $4, is_report_due = wants_result
WHERE id = $1 AND lease_token = $2 AND state = 'running'
