-- Read after lock_room had its lock: a joiner that waited must see who came before.
SELECT count(*) FROM room_participants WHERE room_id = $1 AND left_at IS NULL
