-- The message lies in Redis; sending counts as the attempt.
UPDATE jobs SET state = 'sent', attempt = attempt + 1, updated_at = now()
WHERE id = $1 AND state IN ('queued', 'sent')
