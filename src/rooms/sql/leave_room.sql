-- Out, by oneself or by a moderator; nothing is changed for who is not in.
UPDATE room_participants p SET left_at = now()
FROM users u
WHERE p.room_id = $1 AND p.user_id = $2 AND p.left_at IS NULL AND u.id = p.user_id
RETURNING p.room_id, p.user_id, u.name, u.username, p.role, p.is_banned, p.joined_at, p.last_active_at
