-- People, their wallets and sessions, and the trail of what was done.
CREATE EXTENSION IF NOT EXISTS vector;

CREATE TABLE user_levels (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    level           integer UNIQUE NOT NULL,
    name            varchar(100) NOT NULL,
    min_xp          integer NOT NULL,
    max_xp          integer,
    badge_image_url text,
    perks           jsonb NOT NULL DEFAULT '[]',
    CHECK (max_xp IS NULL OR max_xp >= min_xp)
);

INSERT INTO user_levels (level, name, min_xp, max_xp) VALUES
    (1, 'Newcomer', 0, 99), (2, 'Reader', 100, 299), (3, 'Student', 300, 699),
    (4, 'Scholar', 700, 1499), (5, 'Mentor', 1500, 2999), (6, 'Sage', 3000, NULL);

CREATE TABLE users (
    id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email            text UNIQUE,
    name             text,
    username         text UNIQUE,
    auth_provider    text,
    wallet_address   text UNIQUE, -- the primary one of `wallets`
    wallet_verified  boolean NOT NULL DEFAULT false,
    reputation_score integer NOT NULL DEFAULT 0,
    total_xp         integer NOT NULL DEFAULT 0,
    level_id         uuid REFERENCES user_levels (id),
    profile_nft_mint text,
    bio              text,
    role             text NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'moderator', 'admin')),
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    last_seen_at     timestamptz
);

CREATE TABLE wallets (
    address     text PRIMARY KEY,
    user_id     uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    linked_at   timestamptz NOT NULL DEFAULT now(),
    verified_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_wallets_user ON wallets (user_id);

-- What was asked to be signed; deleted by the one sign-in that uses it.
CREATE TABLE siws_challenges (
    nonce      text PRIMARY KEY,
    address    text,
    user_id    uuid REFERENCES users (id) ON DELETE CASCADE, -- set when a further wallet is linked
    input      jsonb NOT NULL,
    issued_at  timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX idx_siws_challenges_expiry ON siws_challenges (expires_at);

-- A session is a family of refresh tokens; a token used twice revokes it.
CREATE TABLE sessions (
    id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id        uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    wallet_address text NOT NULL,
    device         text,
    remote_address text,
    created_at     timestamptz NOT NULL DEFAULT now(),
    last_used_at   timestamptz NOT NULL DEFAULT now(),
    expires_at     timestamptz NOT NULL,
    revoked_at     timestamptz,
    revoked_reason text
);
CREATE INDEX idx_sessions_user ON sessions (user_id) WHERE revoked_at IS NULL;

CREATE TABLE refresh_tokens (
    token_sha256 bytea PRIMARY KEY,
    session_id   uuid NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    used_at      timestamptz
);
CREATE INDEX idx_refresh_tokens_session ON refresh_tokens (session_id);

-- Ed25519 keys of the access tokens; the newest active one signs, all unexpired ones verify.
CREATE TABLE signing_keys (
    kid         text PRIMARY KEY,
    public_key  bytea NOT NULL,
    private_key bytea NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    retires_at  timestamptz
);

-- Single-use tickets with which a browser opens a socket.
CREATE TABLE socket_tickets (
    ticket_sha256 bytea PRIMARY KEY,
    user_id       uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    session_id    uuid NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    expires_at    timestamptz NOT NULL
);

-- Append-only; each row's hash covers the one before it.
CREATE TABLE audit_log (
    seq        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    actor_id   uuid,
    action     text NOT NULL,
    subject    text,
    detail     jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    prev_hash  bytea,
    hash       bytea
);

-- Per-person keys, wrapped by the master key; erasing one makes what it encrypted unreadable.
CREATE TABLE subject_keys (
    user_id     uuid PRIMARY KEY,
    wrapped_key bytea NOT NULL,
    key_version integer NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT now(),
    erased_at   timestamptz
);
