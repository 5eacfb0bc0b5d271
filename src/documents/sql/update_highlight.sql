-- By its author; only what was sent changes. A note is removed by an empty one.
UPDATE highlights
SET visibility = $2, room_id = $3, color = coalesce($4, color),
    sealed_note = CASE WHEN $5 THEN $6 ELSE sealed_note END, updated_at = now()
WHERE id = $1
