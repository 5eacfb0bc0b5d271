-- Granting again replaces.
INSERT INTO document_permissions (id, document_id, room_id, permission_type, granted_by, expires_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (document_id, user_id, room_id) DO UPDATE
SET permission_type = excluded.permission_type, granted_by = excluded.granted_by,
    granted_at = now(), expires_at = excluded.expires_at
RETURNING *
