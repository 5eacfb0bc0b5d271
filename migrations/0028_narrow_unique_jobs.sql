-- Most jobs have no key: they take no place in its index, at none of their changes.
DROP INDEX idx_jobs_unique_key;
CREATE UNIQUE INDEX idx_jobs_unique_key ON jobs (unique_key)
    WHERE unique_key IS NOT NULL AND state IN ('queued', 'running', 'sent');
