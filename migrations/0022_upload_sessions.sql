-- Uploads that can be resumed: what has come of a file lies in sealed pieces until all of it is there.
CREATE TABLE upload_sessions (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    length_bytes bigint NOT NULL CHECK (length_bytes > 0),
    offset_bytes bigint NOT NULL DEFAULT 0 CHECK (offset_bytes BETWEEN 0 AND length_bytes),
    piece_count  integer NOT NULL DEFAULT 0,
    file_name    text NOT NULL,
    fields       jsonb NOT NULL, -- of the form, [{name, value}, …]
    document_id  uuid NOT NULL, -- what it becomes; chosen beforehand, so that it becomes it once
    is_finished  boolean NOT NULL DEFAULT false,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL
);
CREATE INDEX idx_upload_sessions_user ON upload_sessions (user_id, created_at DESC);
CREATE INDEX idx_upload_sessions_expires ON upload_sessions (expires_at);

CREATE TABLE upload_pieces (
    upload_id   uuid NOT NULL REFERENCES upload_sessions (id) ON DELETE CASCADE,
    begin_bytes bigint NOT NULL,
    storage_key uuid NOT NULL UNIQUE,
    PRIMARY KEY (upload_id, begin_bytes)
);
