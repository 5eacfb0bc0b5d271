-- A closed room is nowhere to be found; its rows stay for export and audit.
UPDATE study_rooms SET is_active = false, updated_at = now() WHERE id = $1 AND is_active RETURNING id
