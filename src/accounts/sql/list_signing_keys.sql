-- A key signs once every process must have loaded it; all that are not retired verify.
SELECT kid, public_key, private_key, master_key_id,
       created_at < now() - make_interval(secs => $1) AS is_known_everywhere
FROM signing_keys WHERE retires_at IS NULL OR retires_at > now()
ORDER BY created_at DESC, kid
