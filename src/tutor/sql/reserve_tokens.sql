-- A new day begins at nought. No row comes back if the day's budget ($3) would be passed.
WITH today AS (SELECT floor(extract(epoch FROM now()) / 86400)::bigint AS day)
INSERT INTO token_usage AS t (user_id, day, tokens)
SELECT $1, today.day, $2 FROM today WHERE $2::bigint <= $3::bigint
ON CONFLICT (user_id) DO UPDATE
SET day = EXCLUDED.day,
    tokens = CASE WHEN t.day = EXCLUDED.day THEN t.tokens ELSE 0 END + EXCLUDED.tokens
WHERE CASE WHEN t.day = EXCLUDED.day THEN t.tokens ELSE 0 END + EXCLUDED.tokens <= $3
RETURNING day
