-- In for the first time or again; who comes back is a member, but an owner stays the owner.
WITH joined AS (
    INSERT INTO room_participants (id, room_id, user_id, role)
    VALUES ($1, $2, $3, CASE WHEN $4 THEN 'owner' ELSE 'member' END)
    ON CONFLICT (room_id, user_id) DO UPDATE
        SET left_at = NULL, joined_at = now(), last_active_at = now(), role = excluded.role
    RETURNING *
)
SELECT j.room_id, j.user_id, u.name, u.username, j.role, j.is_banned, j.joined_at, j.last_active_at
FROM joined j
JOIN users u ON u.id = j.user_id
