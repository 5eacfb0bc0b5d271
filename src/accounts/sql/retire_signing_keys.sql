-- The keys before $1 verify on until the last token they signed has expired.
UPDATE signing_keys SET retires_at = now() + make_interval(secs => $2)
WHERE kid <> $1 AND retires_at IS NULL
