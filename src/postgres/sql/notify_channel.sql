-- Heard by LISTEN on the channel once the transaction commits.
SELECT pg_notify($1, $2)
