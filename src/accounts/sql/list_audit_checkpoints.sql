-- For verification, in order; few: at most one a minute in which something happened.
SELECT number, seq, hash, public_key, signature
FROM audit_checkpoints WHERE number > $1 ORDER BY number LIMIT $2
