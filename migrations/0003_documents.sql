-- The library: files, their pages and chunks, who may read them, and annotations.
CREATE TABLE pdf_uploads (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id         uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE, -- the owner
    title           text NOT NULL,
    file_name       text NOT NULL,
    sha256          text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    mime_type       varchar(100) NOT NULL,
    file_size_bytes bigint NOT NULL CHECK (file_size_bytes >= 0),
    page_count      integer,
    pages_done      integer NOT NULL DEFAULT 0,
    status          text NOT NULL DEFAULT 'queued'
                    CHECK (status IN ('queued', 'processing', 'ready', 'failed')),
    error_code      text,
    error           text,
    storage_key     text NOT NULL,
    ingest_token    uuid, -- of the run that may write pages and chunks; a later run takes it away
    version         integer NOT NULL DEFAULT 1,
    room_id         uuid REFERENCES study_rooms (id) ON DELETE SET NULL, -- where it was uploaded
    arweave_tx      text,
    ipfs_hash       text,
    is_public       boolean NOT NULL DEFAULT false,
    tags            jsonb NOT NULL DEFAULT '[]',
    download_count  integer NOT NULL DEFAULT 0,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_pdf_uploads_user ON pdf_uploads (user_id, created_at DESC);
CREATE INDEX idx_pdf_uploads_sha256 ON pdf_uploads (sha256);

-- An upload as the API shows it.
CREATE VIEW documents AS
SELECT id, user_id AS owner_id, title, file_name, mime_type, file_size_bytes, sha256, page_count,
       status,
       CASE WHEN status = 'ready' THEN 1.0::float8
            WHEN coalesce(page_count, 0) = 0 THEN 0.0::float8
            ELSE least(pages_done::float8 / page_count, 0.99)
       END AS progress,
       error_code, error, tags, is_public, arweave_tx, ipfs_hash, created_at, updated_at
FROM pdf_uploads;

CREATE TABLE document_pages (
    document_id uuid NOT NULL REFERENCES pdf_uploads (id) ON DELETE CASCADE,
    page        integer NOT NULL CHECK (page > 0),
    label       text NOT NULL DEFAULT '',
    width       double precision NOT NULL, -- points
    height      double precision NOT NULL,
    text        text NOT NULL,
    -- [[begin, end, x0, y0, x1, y1], …]: byte ranges of text and their boxes, kept as written
    words       json NOT NULL,
    PRIMARY KEY (document_id, page)
);

-- A chunk lies inside one page: text is the bytes [text_begin, text_end) of the page's text.
CREATE TABLE document_chunks (
    id            uuid PRIMARY KEY,
    document_id   uuid NOT NULL REFERENCES pdf_uploads (id) ON DELETE CASCADE,
    ordinal       integer NOT NULL,
    page          integer NOT NULL,
    text_begin    integer NOT NULL,
    text_end      integer NOT NULL,
    text          text NOT NULL,
    lexemes       tsvector GENERATED ALWAYS AS (to_tsvector('english', text)) STORED,
    embedding     vector(384) NOT NULL,
    model         text NOT NULL,
    model_version text NOT NULL,
    UNIQUE (document_id, ordinal)
);
CREATE INDEX idx_document_chunks_embedding ON document_chunks
    USING hnsw (embedding vector_cosine_ops) WITH (m = 16, ef_construction = 64);
CREATE INDEX idx_document_chunks_lexemes ON document_chunks USING gin (lexemes);

CREATE TABLE document_permissions (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    document_id     uuid NOT NULL REFERENCES pdf_uploads (id) ON DELETE CASCADE,
    user_id         uuid REFERENCES users (id) ON DELETE CASCADE,
    room_id         uuid REFERENCES study_rooms (id) ON DELETE CASCADE,
    permission_type varchar(20) NOT NULL CHECK (permission_type IN ('read', 'write', 'admin')),
    granted_by      uuid REFERENCES users (id) ON DELETE SET NULL,
    granted_at      timestamptz NOT NULL DEFAULT now(),
    expires_at      timestamptz,
    UNIQUE NULLS NOT DISTINCT (document_id, user_id, room_id),
    CHECK ((user_id IS NULL) <> (room_id IS NULL))
);
CREATE INDEX idx_document_permissions_room ON document_permissions (room_id);
CREATE INDEX idx_document_permissions_user ON document_permissions (user_id);

-- What is granted to a person at this moment, by name or through a room that they are in.
CREATE FUNCTION granted_documents(asker uuid)
RETURNS TABLE (document_id uuid, room_id uuid, permission_type text) LANGUAGE sql STABLE AS $$
    SELECT p.document_id, NULL::uuid, p.permission_type::text
    FROM document_permissions p
    WHERE p.user_id = asker AND (p.expires_at IS NULL OR p.expires_at > now())
    UNION ALL
    SELECT p.document_id, p.room_id, p.permission_type::text
    FROM room_participants r
    JOIN study_rooms s ON s.id = r.room_id AND s.is_active
    JOIN document_permissions p ON p.room_id = r.room_id
    WHERE r.user_id = asker AND r.left_at IS NULL AND NOT r.is_banned
      AND (p.expires_at IS NULL OR p.expires_at > now())
$$;

-- The ready documents that a person may ask about at this moment: those shared into a room that
-- they are in, or one that they may read; with both, the one only if it is shared into the room.
CREATE FUNCTION askable_documents(asker uuid, wanted uuid, in_room uuid)
RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
    SELECT d.id FROM pdf_uploads d
    WHERE d.status = 'ready'
      AND (wanted IS NULL OR d.id = wanted)
      AND (wanted IS NOT NULL OR in_room IS NOT NULL)
      AND CASE WHEN in_room IS NULL
          THEN d.user_id = asker OR d.is_public
               OR EXISTS (SELECT FROM granted_documents(asker) g WHERE g.document_id = d.id)
          ELSE d.id IN (SELECT g.document_id FROM granted_documents(asker) g
                        WHERE g.room_id = in_room)
          END
$$;

CREATE TABLE highlights (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    document_id uuid NOT NULL REFERENCES pdf_uploads (id) ON DELETE CASCADE,
    user_id     uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    room_id     uuid REFERENCES study_rooms (id) ON DELETE SET NULL,
    quote       text NOT NULL,
    prefix      text NOT NULL DEFAULT '',
    suffix      text NOT NULL DEFAULT '',
    page        integer,
    boxes       jsonb NOT NULL DEFAULT '[]', -- [{page, x0, y0, x1, y1}, …]
    note        text,
    visibility  text NOT NULL DEFAULT 'private' CHECK (visibility IN ('private', 'room', 'public')),
    is_orphan   boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_highlights_document ON highlights (document_id);
CREATE INDEX idx_highlights_user ON highlights (user_id);
