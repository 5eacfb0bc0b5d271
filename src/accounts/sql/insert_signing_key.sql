-- The private key is sealed by the master key if there is one.
INSERT INTO signing_keys (kid, public_key, private_key) VALUES ($1, $2, $3)
