-- The durable log; written in the transaction of what it tells.
INSERT INTO room_events (room_id, seq, type, payload) VALUES ($1, $2, $3, $4)
