-- The hash covers the one before it and every field, in jsonb's normal form; seq has no gaps.
WITH last AS (
    SELECT seq, hash FROM audit_log ORDER BY seq DESC LIMIT 1
), entry AS (
    SELECT coalesce((SELECT seq FROM last), 0) + 1 AS seq, $1::uuid AS actor_id,
           $2::text AS action, $3::text AS subject, $4::jsonb AS detail,
           clock_timestamp() AS created_at,
           coalesce((SELECT hash FROM last), sha256('')) AS prev_hash
)
INSERT INTO audit_log (seq, actor_id, action, subject, detail, created_at, prev_hash, hash)
OVERRIDING SYSTEM VALUE
SELECT seq, actor_id, action, subject, detail, created_at, prev_hash,
       sha256(prev_hash || convert_to(jsonb_build_array(seq, actor_id, action, subject, detail,
           (extract(epoch FROM created_at) * 1000000)::bigint)::text, 'UTF8'))
FROM entry
