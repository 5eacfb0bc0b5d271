-- Tasks without effects in the database that ended together share a statement. The ids stand twice:
-- by their array the planner finds the rows in the index, by the join each gets its token and result.
UPDATE jobs
SET state = 'done', finished_at = now(), updated_at = now(), lease_until = NULL, lease_token = NULL,
    result = nullif(ended.result, '')::jsonb, is_report_due = wants_result
FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS ended (id, token, result)
WHERE jobs.id = ANY ($1) AND jobs.id = ended.id AND jobs.lease_token = ended.token
  AND jobs.state = 'running'
RETURNING jobs.id
