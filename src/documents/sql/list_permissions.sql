-- Who may do what and why, expired grants too; at most what one answer may hold. A private room is
-- named only to who is in it ($2).
SELECT p.*, coalesce(p.expires_at <= now(), false) AS is_expired,
       CASE WHEN u.id IS NOT NULL
            THEN jsonb_build_object('id', u.id, 'name', u.name, 'username', u.username)
       END AS person,
       CASE WHEN r.id IS NOT NULL THEN
           jsonb_build_object(
               'id', r.id,
               'name', CASE WHEN r.room_type <> 'private' OR EXISTS (
                                SELECT FROM room_participants m
                                WHERE m.room_id = r.id AND m.user_id = $2
                                  AND m.left_at IS NULL AND NOT m.is_banned) THEN r.name END,
               'is_active', r.is_active,
               'participant_count', (SELECT count(*) FROM room_participants c
                                     WHERE c.room_id = r.id AND c.left_at IS NULL
                                       AND NOT c.is_banned))
       END AS room,
       CASE WHEN g.id IS NOT NULL
            THEN jsonb_build_object('id', g.id, 'name', g.name, 'username', g.username)
       END AS granter
FROM document_permissions p
LEFT JOIN users u ON u.id = p.user_id
LEFT JOIN study_rooms r ON r.id = p.room_id
LEFT JOIN users g ON g.id = p.granted_by
WHERE p.document_id = $1
ORDER BY p.id
LIMIT 1000
