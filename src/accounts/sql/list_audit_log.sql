-- What happened, newest first, for administrators; all of it, one person's, or one kind of event.
SELECT seq, actor_id, action, subject, detail, created_at
FROM audit_log
WHERE ($1::bigint IS NULL OR seq < $1) AND ($2::uuid IS NULL OR actor_id = $2)
  AND ($3::text IS NULL OR action = $3)
ORDER BY seq DESC LIMIT $4
