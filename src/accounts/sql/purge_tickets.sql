-- Nobody can use them any more; in bounded steps.
DELETE FROM socket_tickets WHERE ticket_sha256 IN (
    SELECT ticket_sha256 FROM socket_tickets WHERE expires_at < now() LIMIT $1)
