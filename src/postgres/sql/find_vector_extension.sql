-- pgvector as the server could install it, or as this database has it.
SELECT coalesce(installed_version, default_version) FROM pg_available_extensions WHERE name = 'vector'
