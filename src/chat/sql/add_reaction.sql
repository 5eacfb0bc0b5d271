-- reactions is {user_id: [emoji, …]}; the same emoji twice is one, and a person has at most $5.
UPDATE chat_messages
SET reactions = jsonb_set(reactions, ARRAY[$3::text],
                          coalesce(reactions -> $3::text, '[]') || to_jsonb($4::text))
WHERE id = $1 AND room_id = $2 AND NOT is_deleted
  AND NOT coalesce(reactions -> $3::text, '[]') ? $4::text
  AND jsonb_array_length(coalesce(reactions -> $3::text, '[]')) < $5
RETURNING id
