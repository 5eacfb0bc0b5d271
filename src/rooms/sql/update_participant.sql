-- A role given, a ban set or lifted.
UPDATE room_participants p
SET role = coalesce($3, p.role), is_banned = coalesce($4, p.is_banned)
FROM users u
WHERE p.room_id = $1 AND p.user_id = $2 AND u.id = p.user_id
RETURNING p.room_id, p.user_id, u.name, u.username, p.role, p.is_banned, p.joined_at, p.last_active_at
