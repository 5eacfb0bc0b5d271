-- One person's place in a room, also of one who left or is banned.
SELECT p.room_id, p.user_id, u.name, u.username, p.role, p.is_banned, p.joined_at, p.last_active_at,
       p.left_at IS NULL AS is_present
FROM room_participants p
JOIN users u ON u.id = p.user_id
WHERE p.room_id = $1 AND p.user_id = $2
