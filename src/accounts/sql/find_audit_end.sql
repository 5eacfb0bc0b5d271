-- The chain's last entry and the last checkpoint: is there something to sign?
SELECT a.seq, a.hash, coalesce(c.number, 0) AS number, coalesce(c.seq, 0) AS covered
FROM (SELECT seq, hash FROM audit_log ORDER BY seq DESC LIMIT 1) a
LEFT JOIN (SELECT number, seq FROM audit_checkpoints ORDER BY number DESC LIMIT 1) c ON true
