-- Whoever begins uploads does so one after the other, so that their number is exact.
SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE
