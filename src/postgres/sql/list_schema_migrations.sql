-- What this database has, to be compared with what the program has.
SELECT version, name, sha256 FROM schema_migrations ORDER BY version
