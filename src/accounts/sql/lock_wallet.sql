-- One sign-in at a time for each wallet, so that its first one makes one user; 58 marks this lock.
SELECT pg_advisory_xact_lock(58, hashtext($1))
