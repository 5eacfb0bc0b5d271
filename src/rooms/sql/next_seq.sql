-- The row lock orders the room's writers until they commit: seq has no gaps.
UPDATE room_sequences SET last_seq = last_seq + 1 WHERE room_id = $1 RETURNING last_seq
