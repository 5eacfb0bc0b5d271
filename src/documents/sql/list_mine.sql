-- The asker's own documents, newest first; ids are ordered by time.
SELECT * FROM documents
WHERE owner_id = $1
  AND ($2::text IS NULL OR position(lower($2) in lower(title)) > 0)
  AND ($3::text IS NULL OR tags @> to_jsonb($3::text))
  AND ($4::uuid IS NULL OR id < $4)
ORDER BY id DESC
LIMIT $5
