-- A person as others are shown them.
SELECT id, name, username FROM users WHERE id = $1
