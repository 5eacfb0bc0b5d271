-- Gives a person their role on the platform; nothing if they have it already.
UPDATE users SET role = $2, updated_at = now() WHERE id = $1 AND role <> $2 RETURNING id
