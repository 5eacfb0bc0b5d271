-- A person without reactions has no key.
UPDATE chat_messages
SET reactions = CASE WHEN jsonb_array_length(reactions -> $3::text) = 1 THEN reactions - $3::text
                     ELSE jsonb_set(reactions, ARRAY[$3::text],
                                    (reactions -> $3::text) - $4::text) END
WHERE id = $1 AND room_id = $2 AND NOT is_deleted
  AND coalesce(reactions -> $3::text, '[]') ? $4::text
RETURNING id
