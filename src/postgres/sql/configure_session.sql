-- What every connection needs, in one round trip at its start.
SELECT set_config('statement_timeout', $1, false),
       set_config('idle_in_transaction_session_timeout', '60s', false),
       set_config('TimeZone', 'UTC', false),
       set_config('default_transaction_isolation', 'read committed', false)
