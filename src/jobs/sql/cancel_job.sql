-- An operator's end of what is not running.
UPDATE jobs
SET state = 'cancelled', finished_at = now(), updated_at = now(),
    is_report_due = wants_result AND state = 'queued'
WHERE id = $1 AND state IN ('queued', 'sent', 'dead')
