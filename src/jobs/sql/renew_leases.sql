-- A row that is locked is just being acknowledged, and nobody can take it meanwhile.
-- plan: anew
UPDATE jobs
SET lease_until = now() + make_interval(secs => $3), updated_at = now()
WHERE id IN (SELECT jobs.id FROM jobs
             JOIN unnest($1::uuid[], $2::uuid[]) AS ours (id, token) ON jobs.id = ours.id
              AND jobs.lease_token = ours.token AND jobs.state = 'running'
             FOR UPDATE OF jobs SKIP LOCKED)
RETURNING id
