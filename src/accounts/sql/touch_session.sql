-- At most once a minute, not at every request; skipped rather than waited for.
UPDATE sessions SET last_used_at = now()
WHERE id = (SELECT id FROM sessions WHERE id = $1 FOR UPDATE SKIP LOCKED)
