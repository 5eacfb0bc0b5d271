-- Those that another master key than $1 wrapped, retired or not.
SELECT kid AS name, private_key AS wrapped_key, master_key_id
FROM signing_keys
WHERE master_key_id IS DISTINCT FROM $1 AND ($2::text IS NULL OR kid > $2)
ORDER BY kid LIMIT $3
