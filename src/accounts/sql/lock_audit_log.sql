-- The chain has one end: entries are appended one at a time; 60 marks this lock.
SELECT pg_advisory_xact_lock(60, 0)
