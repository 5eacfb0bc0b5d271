WITH query AS MATERIALIZED (
    SELECT websearch_to_tsquery('english', q.words) AS every,
           replace(plainto_tsquery('english', q.words)::text, '&', '|')::tsquery AS some
    FROM (SELECT replace(normalize($4::text, NFKC), U&'\00AD', '') AS words) q
), ranked AS MATERIALIZED (
    SELECT c.id, c.lexemes @@ q.every AS has_every, ts_rank(c.lexemes, q.some, 1) AS rank
    FROM clear.document_chunks c CROSS JOIN query q
    WHERE c.document_id = ANY (ARRAY(SELECT a FROM askable_documents($1, $2, $3) a))
)
SELECT id AS chunk FROM ranked WHERE rank > 0 ORDER BY has_every DESC, rank DESC, id LIMIT $5
