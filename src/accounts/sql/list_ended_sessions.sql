-- Which of a node's live sockets belong to a session that is over (or gone with its user).
SELECT asked.id FROM unnest($1::uuid[]) AS asked (id)
WHERE NOT EXISTS (SELECT FROM sessions s
                  WHERE s.id = asked.id AND s.revoked_at IS NULL AND s.expires_at > now())
