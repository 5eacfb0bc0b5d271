-- Achievements, and what was minted.
CREATE TABLE achievements (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name            varchar(255) NOT NULL,
    description     text,
    category        varchar(100),
    xp_reward       integer NOT NULL DEFAULT 0,
    badge_image_url text,
    nft_collection  text,
    requirements    jsonb,
    is_active       boolean NOT NULL DEFAULT true,
    created_at      timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE user_achievements (
    id                    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id               uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    achievement_id        uuid NOT NULL REFERENCES achievements (id) ON DELETE CASCADE,
    earned_at             timestamptz NOT NULL DEFAULT now(),
    nft_mint              text,
    transaction_signature text,
    UNIQUE (user_id, achievement_id)
);

-- One row a minting, from the request to the confirmed transaction.
CREATE TABLE mints (
    id                         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id                    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind                       text NOT NULL CHECK (kind IN ('highlight', 'room', 'achievement')),
    subject_id                 uuid NOT NULL,
    status                     text NOT NULL DEFAULT 'queued'
                               CHECK (status IN ('queued', 'storing', 'sending', 'confirmed', 'failed')),
    nft_mint                   text UNIQUE,
    arweave_metadata_tx        text,
    ipfs_backup_hash           text,
    mint_transaction_signature text,
    last_valid_block_height    bigint,
    error                      text,
    created_at                 timestamptz NOT NULL DEFAULT now(),
    updated_at                 timestamptz NOT NULL DEFAULT now(),
    UNIQUE (kind, subject_id, user_id)
);

CREATE TABLE nft_highlights (
    id                         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id                    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    message_id                 uuid REFERENCES chat_messages (id) ON DELETE CASCADE,
    document_id                uuid REFERENCES pdf_uploads (id) ON DELETE SET NULL,
    highlight_text             text NOT NULL,
    context_before             text,
    context_after              text,
    page_number                integer,
    coordinates                jsonb,
    nft_mint                   text UNIQUE NOT NULL,
    arweave_metadata_tx        text,
    ipfs_backup_hash           text,
    mint_transaction_signature text,
    created_at                 timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_nft_highlights_user ON nft_highlights (user_id);
CREATE INDEX idx_nft_highlights_document ON nft_highlights (document_id);
