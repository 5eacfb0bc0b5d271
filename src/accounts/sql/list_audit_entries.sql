-- For verification: what was hashed, as record_audit_entry wrote it; and whose checkpoints of old
-- an entry vouches for.
SELECT seq, prev_hash, hash, jsonb_build_array(seq, actor_id, action, subject, detail,
           (extract(epoch FROM created_at) * 1000000)::bigint)::text AS entry,
       CASE WHEN action = 'master_key_rotated' THEN detail ->> 'public_key' END AS retired_key
FROM audit_log WHERE seq > $1 ORDER BY seq LIMIT $2
