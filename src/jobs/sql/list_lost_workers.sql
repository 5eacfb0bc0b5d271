-- Those whose taken messages nobody has put back yet.
SELECT worker FROM worker_heartbeats
WHERE queue = $1 AND NOT is_restored AND seen_at < now() - interval '6 seconds'
LIMIT 20
