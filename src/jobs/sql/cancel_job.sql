-- An operator's end of what is not running.
UPDATE jobs
SET state = 'cancelled', finished_at = now(), updated_at = now()
WHERE id = $1 AND state IN ('queued', 'dead')
