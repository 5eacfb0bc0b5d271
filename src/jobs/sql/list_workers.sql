-- Alive is who gave a sign within three heartbeats.
SELECT worker, queue, started_at, seen_at, running, seen_at > now() - interval '6 seconds' AS is_alive
FROM worker_heartbeats
ORDER BY worker
