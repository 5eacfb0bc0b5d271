-- What access_room decides on: the room, the asker's place in it if they ever had one, and their
-- role on the platform.
SELECT r.room_type, r.creator_id = $2 AS is_creator, p.role, coalesce(p.is_banned, false) AS is_banned,
       p.user_id IS NOT NULL AND p.left_at IS NULL AS is_present,
       u.role AS platform_role
FROM study_rooms r
LEFT JOIN room_participants p ON p.room_id = r.id AND p.user_id = $2
LEFT JOIN users u ON u.id = $2
WHERE r.id = $1 AND r.is_active
