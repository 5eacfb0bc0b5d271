-- Deleting it is what makes a ticket single-use; its session must still be alive.
DELETE FROM socket_tickets t USING sessions s
WHERE t.ticket_sha256 = $1 AND t.expires_at > now()
  AND s.id = t.session_id AND s.revoked_at IS NULL AND s.expires_at > now()
RETURNING t.user_id, t.session_id
