-- What has not begun. Every worker hears of a revocation; the first one does it.
UPDATE jobs
SET state = 'cancelled', finished_at = now(), updated_at = now(), last_error_code = 'revoked',
    is_report_due = wants_result
WHERE id = ANY ($1::uuid[]) AND state = 'queued'
RETURNING id
