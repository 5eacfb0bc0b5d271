-- What was spent in the place of what was reserved; of another day nothing is kept.
UPDATE token_usage SET tokens = GREATEST(tokens - $3 + $4, 0) WHERE user_id = $1 AND day = $2
