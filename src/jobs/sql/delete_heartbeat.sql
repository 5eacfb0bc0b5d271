-- A worker that ends in order says so.
DELETE FROM worker_heartbeats WHERE worker = $1
