-- What is not given stays.
UPDATE users SET name = coalesce($2, name), username = coalesce($3, username),
                 bio = coalesce($4, bio), updated_at = now()
WHERE id = $1
