-- Their files become orphans, which the sweep removes.
DELETE FROM upload_sessions WHERE expires_at <= now()
