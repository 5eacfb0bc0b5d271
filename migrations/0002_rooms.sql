-- Study rooms, who is in them, and each room's one durable sequence of events.
CREATE TABLE study_rooms (
    id                    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name                  varchar(255) NOT NULL,
    description           text,
    creator_id            uuid REFERENCES users (id) ON DELETE SET NULL,
    room_type             varchar(20) NOT NULL
                          CHECK (room_type IN ('public', 'token_gated', 'nft_gated', 'private')),
    access_token_mint     text,
    access_nft_collection text,
    min_token_amount      bigint NOT NULL DEFAULT 0 CHECK (min_token_amount >= 0),
    max_participants      integer NOT NULL DEFAULT 50 CHECK (max_participants > 0),
    is_active             boolean NOT NULL DEFAULT true,
    room_nft_mint         text,
    arweave_metadata_tx   text,
    created_at            timestamptz NOT NULL DEFAULT now(),
    updated_at            timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_study_rooms_type ON study_rooms (room_type);
CREATE INDEX idx_study_rooms_creator ON study_rooms (creator_id);

CREATE TABLE room_participants (
    id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    room_id        uuid NOT NULL REFERENCES study_rooms (id) ON DELETE CASCADE,
    user_id        uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role           varchar(20) NOT NULL DEFAULT 'member' CHECK (role IN ('owner', 'moderator', 'member')),
    joined_at      timestamptz NOT NULL DEFAULT now(),
    last_active_at timestamptz NOT NULL DEFAULT now(),
    left_at        timestamptz, -- set when the person left; a ban outlives leaving
    is_banned      boolean NOT NULL DEFAULT false,
    UNIQUE (room_id, user_id)
);
CREATE INDEX idx_room_participants_room ON room_participants (room_id);
CREATE INDEX idx_room_participants_user ON room_participants (user_id);

-- An AND/OR/NOT tree of conditions; the four gate columns of study_rooms are its simple form.
CREATE TABLE gate_rules (
    room_id    uuid PRIMARY KEY REFERENCES study_rooms (id) ON DELETE CASCADE,
    rule       jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE invites (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    room_id     uuid NOT NULL REFERENCES study_rooms (id) ON DELETE CASCADE,
    code_sha256 bytea NOT NULL UNIQUE, -- the code itself is shown once
    created_by  uuid REFERENCES users (id) ON DELETE SET NULL,
    uses_max    integer NOT NULL DEFAULT 1 CHECK (uses_max > 0),
    uses        integer NOT NULL DEFAULT 0 CHECK (uses <= uses_max),
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    revoked_at  timestamptz
);
CREATE INDEX idx_invites_room ON invites (room_id);

-- last_seq is apart from study_rooms, so that chatting does not rewrite the room's row.
CREATE TABLE room_sequences (
    room_id  uuid PRIMARY KEY REFERENCES study_rooms (id) ON DELETE CASCADE,
    last_seq bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

CREATE TABLE room_events (
    room_id    uuid NOT NULL REFERENCES study_rooms (id) ON DELETE CASCADE,
    seq        bigint NOT NULL,
    type       text NOT NULL,
    payload    jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (room_id, seq)
);

CREATE TABLE reports (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    room_id     uuid REFERENCES study_rooms (id) ON DELETE CASCADE,
    reporter_id uuid REFERENCES users (id) ON DELETE SET NULL,
    subject     text NOT NULL,
    reason      text NOT NULL,
    state       text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'upheld', 'dismissed')),
    created_at  timestamptz NOT NULL DEFAULT now(),
    closed_at   timestamptz
);
