-- The guard and the message in one: a present, unbanned member of an open room whose session lives,
-- and a reply that stays within the room; and not what was sent before: a conflict that fails would
-- bring the client's id into the server's log. The caller holds the room's sequence.
WITH author AS (
    SELECT u.name, u.username
    FROM room_participants p
    JOIN study_rooms r ON r.id = p.room_id AND r.is_active
    JOIN users u ON u.id = p.user_id
    WHERE p.room_id = $2 AND p.user_id = $3 AND p.left_at IS NULL AND NOT p.is_banned
      AND EXISTS (SELECT FROM sessions s WHERE s.id = $4 AND s.revoked_at IS NULL)
      AND ($8::uuid IS NULL
           OR EXISTS (SELECT FROM chat_messages m WHERE m.id = $8 AND m.room_id = $2))
), message AS (
    INSERT INTO chat_messages (id, room_id, user_id, seq, client_msg_id, content, reply_to_id,
                               message_type, document_id)
    SELECT $1::uuid, $2, $3, $5::bigint, $6::text, $7::text, $8, $9::text, $10::uuid FROM author
    ON CONFLICT (room_id, user_id, client_msg_id) DO NOTHING
    RETURNING created_at
)
SELECT author.name, author.username, message.created_at FROM author, message
