-- Where the sequences of many rooms stand, for nodes that may have missed events.
SELECT room_id, last_seq FROM room_sequences WHERE room_id = ANY ($1)
