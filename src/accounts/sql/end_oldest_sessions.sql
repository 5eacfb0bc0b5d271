-- At most $2 sessions a person: those unused for longest make room.
UPDATE sessions SET revoked_at = now(), revoked_reason = 'superseded'
WHERE id IN (SELECT id FROM sessions WHERE user_id = $1 AND revoked_at IS NULL
             ORDER BY last_used_at DESC, id DESC OFFSET $2)
RETURNING id
