-- What every connection needs, in one round trip at its start. What a node asked that died is not
-- to be done later, when somebody else may be doing it again.
SELECT set_config('statement_timeout', $1, false),
       set_config('lock_timeout', $2, false),
       set_config('idle_in_transaction_session_timeout', $3, false),
       set_config('client_connection_check_interval', '2s', false),
       set_config('TimeZone', 'UTC', false),
       set_config('default_transaction_isolation', 'read committed', false)
