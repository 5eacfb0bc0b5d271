-- Those that take up room.
SELECT count(*) FROM upload_sessions
WHERE user_id = $1 AND NOT is_finished AND expires_at > now()
