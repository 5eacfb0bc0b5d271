-- One change of a user's wallets at a time, so that the last one cannot be lost twice.
SELECT id FROM users WHERE id = $1 FOR UPDATE
