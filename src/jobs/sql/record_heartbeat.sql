-- Readiness looks at it; workers that vanished are forgotten after an hour.
WITH forgotten AS (
    DELETE FROM worker_heartbeats
    WHERE seen_at < now() - interval '1 hour' AND worker <> $1 AND is_restored
)
INSERT INTO worker_heartbeats (worker, queue, running) VALUES ($1, $2, $3)
ON CONFLICT (worker) DO UPDATE
SET seen_at = now(), running = excluded.running, is_restored = false
