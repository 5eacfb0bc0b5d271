-- What the other program's worker said of it.
UPDATE jobs
SET state = $2, result = nullif($3, '')::jsonb, last_error_code = $4, last_error = $5,
    finished_at = now(), updated_at = now()
WHERE id = $1 AND state = 'sent'
