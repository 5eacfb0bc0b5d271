-- The inbox, and where else a person wants to hear.
CREATE TABLE notification_tokens (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token      text NOT NULL,
    platform   varchar(20) NOT NULL CHECK (platform IN ('web', 'ios', 'android')),
    is_active  boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (user_id, token)
);

CREATE TABLE notifications (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    title      varchar(255) NOT NULL,
    body       text NOT NULL,
    type       varchar(50),
    data       jsonb,
    is_read    boolean NOT NULL DEFAULT false,
    sent_at    timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_notifications_user_unread ON notifications (user_id, is_read, created_at DESC);

CREATE TABLE notification_preferences (
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    type    varchar(50) NOT NULL,
    inbox   boolean NOT NULL DEFAULT true,
    push    boolean NOT NULL DEFAULT true,
    PRIMARY KEY (user_id, type)
);
