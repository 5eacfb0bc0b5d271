-- The durable queue: the row is the job, Redis only carries its id.
CREATE TABLE jobs (
    id              uuid PRIMARY KEY,
    task            text NOT NULL,
    queue           text NOT NULL DEFAULT 'stoa',
    arguments       jsonb NOT NULL DEFAULT '{}',
    state           text NOT NULL DEFAULT 'queued'
                    CHECK (state IN ('queued', 'running', 'done', 'dead', 'cancelled')),
    unique_key      text,
    priority        integer NOT NULL DEFAULT 0,
    attempt         integer NOT NULL DEFAULT 0,
    attempts_max    integer NOT NULL CHECK (attempts_max > 0),
    run_at          timestamptz NOT NULL DEFAULT now(),
    lease_until     timestamptz,
    lease_token     uuid,
    worker          text,
    last_error_code text,
    last_error      text,
    trace_id        text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    finished_at     timestamptz,
    CHECK ((state = 'running') = (lease_until IS NOT NULL)),
    CHECK ((state IN ('done', 'dead', 'cancelled')) = (finished_at IS NOT NULL))
);
CREATE INDEX idx_jobs_due ON jobs (queue, priority, run_at) WHERE state = 'queued';
CREATE INDEX idx_jobs_lease ON jobs (lease_until) WHERE state = 'running';
CREATE UNIQUE INDEX idx_jobs_unique_key ON jobs (unique_key) WHERE state IN ('queued', 'running');

CREATE TABLE worker_heartbeats (
    worker     text PRIMARY KEY,
    queue      text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at    timestamptz NOT NULL DEFAULT now(),
    running    integer NOT NULL DEFAULT 0
);
