-- What is not given stays. A username that is taken is looked for first: the index would refuse it
-- too, and PostgreSQL would write it into its log.
UPDATE users SET name = coalesce($2, name), username = coalesce($3, username),
                 bio = coalesce($4, bio), updated_at = now()
WHERE id = $1 AND NOT EXISTS (SELECT FROM users o WHERE o.username = $3 AND o.id <> $1)
