-- Ended from outside before it began, or while it ran; it said so itself, so that nothing of it is
-- under way.
UPDATE jobs
SET state = 'cancelled', finished_at = now(), updated_at = now(), lease_until = NULL,
    lease_token = NULL, last_error_code = $3, is_report_due = wants_result
WHERE id = $1 AND lease_token = $2 AND state = 'running'
