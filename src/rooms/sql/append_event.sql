-- next_seq and insert_event in one round trip, for events whose data does not carry the seq.
WITH next AS (
    UPDATE room_sequences SET last_seq = last_seq + 1 WHERE room_id = $1 RETURNING last_seq
)
INSERT INTO room_events (room_id, seq, type, payload)
SELECT $1, last_seq, $2::text, $3::jsonb FROM next
RETURNING seq
