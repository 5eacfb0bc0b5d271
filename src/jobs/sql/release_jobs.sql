-- Given back by a worker that ends, or has no thread for them soon: it was no attempt. The tokens and
-- ids are looked up as acknowledge_jobs does.
-- plan: anew
UPDATE jobs
SET state = 'queued', attempt = attempt - 1, updated_at = now(), lease_until = NULL, lease_token = NULL
FROM unnest($1::uuid[], $2::uuid[]) AS held (id, token)
WHERE jobs.id = ANY (ARRAY(SELECT unnest($1::uuid[]))) AND jobs.id = held.id
  AND jobs.lease_token = held.token
RETURNING jobs.id
