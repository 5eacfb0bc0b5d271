-- One upload of a person at a time from here on to the commit: what follows counts what is stored.
SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE
