-- Whoever sent them did not want them run so late.
UPDATE jobs
SET state = 'cancelled', finished_at = now(), updated_at = now(), last_error_code = 'expired',
    is_report_due = wants_result
WHERE id IN (SELECT id FROM jobs
             WHERE queue = $1 AND state = 'queued' AND expires_at <= now()
             LIMIT 1000
             FOR UPDATE SKIP LOCKED)
RETURNING id
