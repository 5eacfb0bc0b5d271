-- Done jobs are kept for a week; dead ones until somebody decides.
DELETE FROM jobs
WHERE id IN (SELECT id FROM jobs
             WHERE state IN ('done', 'cancelled') AND finished_at < now() - interval '7 days'
             LIMIT $1
             FOR UPDATE SKIP LOCKED)
