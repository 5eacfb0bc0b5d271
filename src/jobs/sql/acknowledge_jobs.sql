-- Tasks without effects in the database that ended together share a statement.
UPDATE jobs
SET state = 'done', finished_at = now(), updated_at = now(), lease_until = NULL, lease_token = NULL,
    result = nullif(ours.result, '')::jsonb, is_report_due = wants_result
FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS ours (id, token, result)
WHERE jobs.id = ours.id AND jobs.lease_token = ours.token AND jobs.state = 'running'
RETURNING jobs.id
