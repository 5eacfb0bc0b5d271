-- From which event on the room's log speaks of it.
UPDATE highlights SET room_seq = $2 WHERE id = $1
