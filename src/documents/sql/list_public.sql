-- Documents that anyone who is signed in may read, newest first.
SELECT * FROM documents
WHERE is_public
  AND ($1::text IS NULL OR position(lower($1) in lower(title)) > 0)
  AND ($2::text IS NULL OR tags @> to_jsonb($2::text))
  AND ($3::uuid IS NULL OR id < $3)
ORDER BY id DESC
LIMIT $4
