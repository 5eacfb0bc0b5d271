-- One process at a time makes a key; 59 marks this lock.
SELECT pg_advisory_xact_lock(59, 0)
