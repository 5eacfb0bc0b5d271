-- Kept for thirty days after their end, for whoever asks what happened; in bounded steps.
DELETE FROM sessions WHERE id IN (
    SELECT id FROM sessions
    WHERE least(revoked_at, expires_at) < now() - interval '30 days' LIMIT $1)
