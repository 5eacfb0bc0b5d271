-- Which of these sessions have ended: their sockets are to be closed.
SELECT asked.id FROM unnest($1::uuid[]) AS asked (id)
WHERE NOT EXISTS (SELECT FROM sessions s
                  WHERE s.id = asked.id AND s.revoked_at IS NULL AND s.expires_at > now())
