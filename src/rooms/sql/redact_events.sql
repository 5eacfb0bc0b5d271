-- What was deleted must not live on in the log: neither as first said nor as edited, nor sealed.
UPDATE room_events
SET payload = coalesce(payload, '{}') || $4::jsonb, sealed_payload = NULL, sealed_by = NULL
WHERE room_id = $1 AND seq >= $2 AND (payload ->> 'id' = $3 OR subject_id::text = $3)
