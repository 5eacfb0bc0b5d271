-- A database that was never migrated has no record.
SELECT to_regclass('schema_migrations') IS NOT NULL AS present
