-- What was deleted must not live on in the log: neither as first said nor as edited.
UPDATE room_events SET payload = payload || $4::jsonb
WHERE room_id = $1 AND seq >= $2 AND payload ->> 'id' = $3
