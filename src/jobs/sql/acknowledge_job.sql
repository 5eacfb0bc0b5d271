-- In the transaction of the task's effects: both happen, or neither.
UPDATE jobs
SET state = 'done', finished_at = now(), updated_at = now(), lease_until = NULL, lease_token = NULL,
    result = nullif($3, '')::jsonb, is_report_due = wants_result
WHERE id = $1 AND lease_token = $2 AND state = 'running'
