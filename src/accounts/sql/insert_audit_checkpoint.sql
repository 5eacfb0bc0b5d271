-- Of several processes that sign at once, the first one's stands.
INSERT INTO audit_checkpoints (number, seq, hash, public_key, signature)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (number) DO NOTHING
