-- Other people's documents that are granted to the asker, newest first.
SELECT * FROM documents
WHERE id IN (SELECT document_id FROM granted_documents($1)) AND owner_id <> $1
  AND ($2::text IS NULL OR position(lower($2) in lower(title)) > 0)
  AND ($3::text IS NULL OR tags @> to_jsonb($3::text))
  AND ($4::uuid IS NULL OR id < $4)
ORDER BY id DESC
LIMIT $5
