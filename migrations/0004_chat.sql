-- Messages. A message and its room event are written in one transaction.
CREATE TABLE chat_messages (
    id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    room_id        uuid NOT NULL REFERENCES study_rooms (id) ON DELETE CASCADE,
    user_id        uuid REFERENCES users (id) ON DELETE SET NULL,
    seq            bigint NOT NULL,
    client_msg_id  text,
    message_type   varchar(20) NOT NULL DEFAULT 'text'
                   CHECK (message_type IN ('text', 'document_share', 'highlight', 'system')),
    content        text NOT NULL,
    reply_to_id    uuid REFERENCES chat_messages (id) ON DELETE SET NULL,
    document_id    uuid REFERENCES pdf_uploads (id) ON DELETE SET NULL,
    highlight_data jsonb,
    nft_mint       text,
    arweave_tx     text,
    reactions      jsonb NOT NULL DEFAULT '{}', -- {user_id: [emoji, …]}
    is_pinned      boolean NOT NULL DEFAULT false,
    is_deleted     boolean NOT NULL DEFAULT false,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    UNIQUE (room_id, seq),
    UNIQUE (room_id, user_id, client_msg_id)
);
CREATE INDEX idx_chat_messages_room ON chat_messages (room_id, created_at DESC);
CREATE INDEX idx_chat_messages_user ON chat_messages (user_id);
CREATE INDEX idx_chat_messages_document ON chat_messages (document_id);
CREATE INDEX idx_chat_messages_reply_to ON chat_messages (reply_to_id);
