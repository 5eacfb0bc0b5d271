-- What came after a seq, up to another, oldest first.
SELECT seq, type, payload, sealed_payload, sealed_by FROM room_events
WHERE room_id = $1 AND seq > $2 AND seq <= $3
ORDER BY seq
LIMIT $4
