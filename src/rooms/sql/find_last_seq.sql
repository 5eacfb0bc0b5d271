-- Where the room's sequence stands.
SELECT last_seq FROM room_sequences WHERE room_id = $1
