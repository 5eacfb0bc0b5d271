-- As insert_event, readable with the key of one person only.
INSERT INTO room_events (room_id, seq, type, sealed_payload, sealed_by, subject_id)
VALUES ($1, $2, $3, $4, $5, $6)
