-- How many keys each master key wraps; the active one also if it is none.
SELECT used.id, coalesce(used.id = (SELECT id FROM active_master_key), false) AS is_active,
       sum(used.subject_keys)::bigint AS subject_keys, sum(used.signing_keys)::bigint AS signing_keys
FROM (SELECT master_key_id AS id, count(*) AS subject_keys, 0 AS signing_keys
      FROM subject_keys WHERE erased_at IS NULL GROUP BY 1
      UNION ALL SELECT master_key_id, 0, count(*) FROM signing_keys GROUP BY 1
      UNION ALL SELECT id, 0, 0 FROM active_master_key) used
GROUP BY used.id ORDER BY is_active DESC, used.id
