-- A statement's own time limit, until its transaction ends.
SELECT set_config('statement_timeout', $1, true)
