-- It is remembered until it expires, so that who asks again is told the same.
UPDATE upload_sessions SET is_finished = true WHERE id = $1
