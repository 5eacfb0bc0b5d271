-- In the transaction of the migration itself.
INSERT INTO schema_migrations (version, name, sha256) VALUES ($1, $2, $3)
