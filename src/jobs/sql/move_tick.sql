-- One of all workers gets the row, and enqueues in the same transaction.
INSERT INTO periodic_jobs (name, last_tick) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET last_tick = excluded.last_tick
WHERE periodic_jobs.last_tick < excluded.last_tick
RETURNING name
