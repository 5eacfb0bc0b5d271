-- Ends that somebody waits for and was not told of. Telling twice does no harm.
SELECT id, task, state, result, last_error_code, last_error, finished_at
FROM jobs
WHERE is_report_due
ORDER BY finished_at
LIMIT 100
