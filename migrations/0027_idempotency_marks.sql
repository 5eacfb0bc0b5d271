-- A request's first change says so in its own transaction: if its node dies before the answer is kept,
-- whoever asks again learns that something was done, and nothing is done twice.
ALTER TABLE idempotency_keys ADD COLUMN is_changed boolean NOT NULL DEFAULT false;

CREATE FUNCTION raise_lease_lost() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the lease went to another' USING ERRCODE = 'ST001';
END
$$;
