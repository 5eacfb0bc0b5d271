-- Only the hash is kept, as with refresh tokens.
INSERT INTO socket_tickets (ticket_sha256, user_id, session_id, expires_at)
VALUES ($1, $2, $3, now() + make_interval(secs => $4))
RETURNING expires_at
