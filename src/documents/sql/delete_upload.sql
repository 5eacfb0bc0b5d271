-- Its pieces were taken before.
DELETE FROM upload_sessions WHERE id = $1
