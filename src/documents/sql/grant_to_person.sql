-- Granting again replaces; no row if there is no such person.
INSERT INTO document_permissions (id, document_id, user_id, permission_type, granted_by, expires_at)
SELECT $1, $2, u.id, $4, $5, $6 FROM users u WHERE u.id = $3
ON CONFLICT (document_id, user_id, room_id) DO UPDATE
SET permission_type = excluded.permission_type, granted_by = excluded.granted_by,
    granted_at = now(), expires_at = excluded.expires_at
RETURNING *
