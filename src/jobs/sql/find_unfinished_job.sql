-- The job that kept create_job from making another.
SELECT id FROM jobs WHERE unique_key = $1 AND state IN ('queued', 'running', 'sent')
