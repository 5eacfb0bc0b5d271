-- Requests under way on one node; a node that dies renews nothing.
UPDATE idempotency_keys SET lease_until = now() + interval '15 seconds'
WHERE lease_token = ANY($1) AND answer IS NULL
