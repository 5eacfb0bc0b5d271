-- Tasks without effects in the database that ended together share a statement. The token says that
-- they run: every other state has none; to ask for the state too would bring in the index of leases,
-- full of dead entries. Ids from a subquery are looked up one by one, also where reading all of a
-- short table seems cheaper.
-- plan: anew
UPDATE jobs
SET state = 'done', finished_at = now(), updated_at = now(), lease_until = NULL, lease_token = NULL,
    result = nullif(ended.result, '')::jsonb, is_report_due = wants_result
FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS ended (id, token, result)
WHERE jobs.id = ANY (ARRAY(SELECT unnest($1::uuid[]))) AND jobs.id = ended.id
  AND jobs.lease_token = ended.token
RETURNING jobs.id
