-- It was used just now; the mode is that of the last question.
UPDATE conversations SET updated_at = now(), mode = $2 WHERE id = $1
