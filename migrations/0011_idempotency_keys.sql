-- Writes that were asked under an Idempotency-Key, and their answers, for 24 hours. Of the key only
-- the hash is kept, and the answer is sealed under it: who has the rows alone can read neither.
CREATE TABLE idempotency_keys (
    user_id        uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    key_sha256     bytea NOT NULL,
    request_sha256 bytea NOT NULL,
    lease_token    uuid NOT NULL,
    lease_until    timestamptz NOT NULL, -- renewed while the request is under way
    answer         bytea,                -- NULL until it is done
    created_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, key_sha256)
);
CREATE INDEX idx_idempotency_keys_age ON idempotency_keys (created_at);
CREATE INDEX idx_idempotency_keys_lease ON idempotency_keys (lease_token) WHERE answer IS NULL;
