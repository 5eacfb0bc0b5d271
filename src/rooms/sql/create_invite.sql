-- The code leaves here once; only its hash stays.
WITH secret AS MATERIALIZED (
    SELECT replace(gen_random_uuid()::text, '-', '') AS code
), made AS (
    INSERT INTO invites (id, room_id, code_sha256, created_by, uses_max, expires_at)
    SELECT $1::uuid, $2::uuid, sha256(convert_to(code, 'UTF8')), $3::uuid, $4::bigint,
           now() + make_interval(secs => $5)
    FROM secret
    RETURNING id, uses_max, expires_at
)
SELECT made.id, secret.code, made.uses_max, made.expires_at FROM made, secret
