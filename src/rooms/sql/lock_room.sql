-- Joins of one room happen one after the other, so that its capacity is exact. NO KEY: messages,
-- whose foreign keys share-lock this row, do not wait.
SELECT room_type, max_participants, coalesce(creator_id = $2, false) AS is_creator
FROM study_rooms
WHERE id = $1 AND is_active
FOR NO KEY UPDATE
