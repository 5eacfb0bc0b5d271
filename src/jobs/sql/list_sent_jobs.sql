-- Whose results to look for, in turn: those after the last one that was looked at.
SELECT id, run_at FROM jobs
WHERE state = 'sent' AND (run_at, id) > ($1, $2)
ORDER BY run_at, id
LIMIT $3
