-- Signed by a key that only the master key gives: who can write the database alone can neither
-- change what a checkpoint covers nor cut it off. Numbered without gaps.
CREATE TABLE audit_checkpoints (
    number     bigint PRIMARY KEY CHECK (number > 0),
    seq        bigint NOT NULL, -- the last entry of audit_log that it covers
    hash       bytea NOT NULL,  -- that entry's
    public_key bytea NOT NULL,
    signature  bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_audit_log_actor ON audit_log (actor_id, seq);
