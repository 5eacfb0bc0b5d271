-- Only what was given changes; capacity may fall below who is in: nobody is put out for it.
UPDATE study_rooms
SET name = coalesce($2, name), description = coalesce($3, description),
    max_participants = coalesce($4, max_participants), updated_at = now()
WHERE id = $1 AND is_active
RETURNING id
