-- Whose results to look for, the longest not looked at first.
SELECT id FROM jobs WHERE state = 'sent' ORDER BY run_at LIMIT 200
