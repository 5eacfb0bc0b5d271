-- A further wallet; at most $3 a person (the user's row is locked).
INSERT INTO wallets (address, user_id)
SELECT $1, $2 WHERE (SELECT count(*) FROM wallets WHERE user_id = $2) < $3
