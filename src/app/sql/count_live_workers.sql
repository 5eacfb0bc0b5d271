-- Workers renew their heartbeat every 2 s.
SELECT count(*) FROM worker_heartbeats WHERE seen_at > now() - interval '10 seconds'
