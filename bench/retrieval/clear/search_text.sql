WITH query AS (
    SELECT websearch_to_tsquery('english', $4) AS every,
           replace(plainto_tsquery('english', $4)::text, '&', '|')::tsquery AS some
), hits AS MATERIALIZED (
    SELECT c.id, c.lexemes @@ q.every AS has_every, ts_rank_cd(c.lexemes, q.some, 1) AS rank
    FROM query q
    JOIN clear.document_chunks c ON c.lexemes @@ q.some
    WHERE c.document_id = ANY (ARRAY(SELECT askable_documents($1, $2, $3)))
)
SELECT c.id AS chunk, c.document_id AS document, d.title, c.page, c.text_begin, c.text
FROM (SELECT * FROM hits ORDER BY has_every DESC, rank DESC, id LIMIT $5) h
JOIN clear.document_chunks c ON c.id = h.id
JOIN pdf_uploads d ON d.id = c.document_id
ORDER BY h.has_every DESC, h.rank DESC, h.id
