-- The newest migration that the database has.
SELECT coalesce(max(version), 0)::bigint FROM schema_migrations
