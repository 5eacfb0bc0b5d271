-- Every token they signed has expired; in bounded steps.
DELETE FROM signing_keys WHERE kid IN (
    SELECT kid FROM signing_keys WHERE retires_at < now() LIMIT $1)
