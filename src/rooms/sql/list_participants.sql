-- Who is in, in the order in which they first came (ids are UUIDv7).
SELECT p.id, p.room_id, p.user_id, u.name, u.username, p.role, p.is_banned, p.joined_at,
       p.last_active_at
FROM room_participants p
JOIN users u ON u.id = p.user_id
WHERE p.room_id = $1 AND p.left_at IS NULL AND ($2::uuid IS NULL OR p.id > $2)
ORDER BY p.id
LIMIT $3
