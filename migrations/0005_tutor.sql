-- Conversations with the tutor, and what they show of a learner.
CREATE TABLE conversations (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id     uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    room_id     uuid REFERENCES study_rooms (id) ON DELETE CASCADE,
    document_id uuid REFERENCES pdf_uploads (id) ON DELETE CASCADE,
    title       text NOT NULL,
    mode        text NOT NULL DEFAULT 'answer' CHECK (mode IN ('answer', 'socratic')),
    summary     text,
    state       jsonb NOT NULL DEFAULT '{}',
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_conversations_user ON conversations (user_id, updated_at DESC);

CREATE TABLE conversation_messages (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    conversation_id uuid NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    role            text NOT NULL CHECK (role IN ('user', 'assistant')),
    content         text NOT NULL,
    sources         jsonb NOT NULL DEFAULT '[]',
    follow_ups      jsonb NOT NULL DEFAULT '[]',
    provider        text,
    model           text,
    created_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_conversation_messages ON conversation_messages (conversation_id, created_at, id);

CREATE TABLE concepts (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    document_id uuid NOT NULL REFERENCES pdf_uploads (id) ON DELETE CASCADE,
    name        text NOT NULL,
    description text,
    page        integer,
    UNIQUE (document_id, name)
);

CREATE TABLE mastery_events (
    id                      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id                 uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    concept_id              uuid NOT NULL REFERENCES concepts (id) ON DELETE CASCADE,
    conversation_message_id uuid REFERENCES conversation_messages (id) ON DELETE SET NULL,
    outcome                 text NOT NULL CHECK (outcome IN ('correct', 'partial', 'wrong', 'hinted')),
    mastery                 real NOT NULL CHECK (mastery BETWEEN 0 AND 1),
    created_at              timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_mastery_events ON mastery_events (user_id, concept_id, created_at DESC);

CREATE TABLE misconceptions (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id     uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    concept_id  uuid NOT NULL REFERENCES concepts (id) ON DELETE CASCADE,
    statement   text NOT NULL,
    resolved_at timestamptz,
    created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE reviews (
    user_id       uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    concept_id    uuid NOT NULL REFERENCES concepts (id) ON DELETE CASCADE,
    due_at        timestamptz NOT NULL,
    interval_days real NOT NULL DEFAULT 1,
    ease          real NOT NULL DEFAULT 2.5,
    PRIMARY KEY (user_id, concept_id)
);
