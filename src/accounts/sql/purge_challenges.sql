-- A day late, so that who comes back soon is told "expired" and not "unknown"; in bounded steps.
DELETE FROM siws_challenges WHERE nonce IN (
    SELECT nonce FROM siws_challenges WHERE expires_at < now() - interval '1 day' LIMIT $1)
