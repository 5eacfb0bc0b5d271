-- The asker's own documents, newest first; ids are ordered by time. What is sought ($2) is a part of the title or of a
-- tag, or its words ($6, $7) stand in the text as $8 says.
-- timeout: 5s
WITH found AS MATERIALIZED (
    SELECT document_id, terms FROM documents_with_terms($6, $7)
), condition AS MATERIALIZED (
    SELECT nullif($8::text, '')::tsquery AS query
)
SELECT d.*, m.matches
FROM documents d
CROSS JOIN LATERAL (
    SELECT library_matches(
        $2, d.title, d.tags,
        d.status = 'ready'
        AND (d.id IN (SELECT f.document_id FROM found f, condition c WHERE f.terms @@ c.query)
             OR (SELECT ''::tsvector @@ c.query FROM condition c)
                AND d.id NOT IN (SELECT document_id FROM found))) AS matches
) m
WHERE d.owner_id = $1
  AND ($2::text IS NULL OR m.matches <> '[]')
  AND ($3::text IS NULL OR d.tags @> to_jsonb($3::text))
  AND ($4::uuid IS NULL OR d.id < $4)
ORDER BY d.id DESC
LIMIT $5
