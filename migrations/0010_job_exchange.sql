-- Programs that speak Celery enqueue our tasks and run tasks that we enqueue; periodic jobs.
ALTER TABLE jobs
    ADD COLUMN origin text NOT NULL DEFAULT 'stoa' CHECK (origin IN ('stoa', 'celery')),
    ADD COLUMN wants_result boolean NOT NULL DEFAULT false,
    ADD COLUMN is_report_due boolean NOT NULL DEFAULT false,
    ADD COLUMN result jsonb,
    ADD COLUMN expires_at timestamptz,
    ADD COLUMN soft_limit_seconds integer CHECK (soft_limit_seconds > 0),
    ADD COLUMN hard_limit_seconds integer CHECK (hard_limit_seconds > 0),
    DROP CONSTRAINT jobs_state_check,
    ADD CONSTRAINT jobs_state_check
        CHECK (state IN ('queued', 'running', 'sent', 'done', 'dead', 'cancelled'));
DROP INDEX idx_jobs_unique_key;
CREATE UNIQUE INDEX idx_jobs_unique_key ON jobs (unique_key)
    WHERE state IN ('queued', 'running', 'sent');
CREATE INDEX idx_jobs_sent ON jobs (run_at) WHERE state = 'sent';
CREATE INDEX idx_jobs_dead ON jobs (origin, finished_at) WHERE state = 'dead';
CREATE INDEX idx_jobs_expiry ON jobs (expires_at) WHERE state = 'queued' AND expires_at IS NOT NULL;
CREATE INDEX idx_jobs_report ON jobs (finished_at) WHERE is_report_due;

-- The latest tick that was enqueued; whoever moves it enqueues the job.
CREATE TABLE periodic_jobs (
    name      text PRIMARY KEY,
    last_tick timestamptz NOT NULL
);

-- True once the messages that a dead worker had taken are back in their queue.
ALTER TABLE worker_heartbeats ADD COLUMN is_restored boolean NOT NULL DEFAULT false;
