-- Done jobs are kept for a week; dead ones for three months, so that somebody may decide.
DELETE FROM jobs
WHERE id IN (SELECT id FROM jobs
             WHERE (state IN ('done', 'cancelled') AND finished_at < now() - interval '7 days')
                OR (state = 'dead' AND finished_at < now() - interval '90 days')
             LIMIT $1
             FOR UPDATE SKIP LOCKED)
