-- One process at a time migrates; the lock goes with the connection.
SELECT pg_advisory_lock(x'73746f61'::bigint) IS NULL
