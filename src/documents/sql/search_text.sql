-- The best chunks by full text: those with all words of the question ($4) first, then those with
-- some ($5). Both are keyed.
-- timeout: 5s
WITH query AS (
    SELECT $4::text::tsquery AS every, $5::text::tsquery AS some
), hits AS MATERIALIZED (
    SELECT c.id, c.lexemes @@ q.every AS has_every, ts_rank_cd(c.lexemes, q.some, 1) AS rank
    FROM query q
    JOIN document_chunks c ON c.lexemes @@ q.some
    WHERE c.document_id = ANY (ARRAY(SELECT askable_documents($1, $2, $3)))
)
SELECT c.id AS chunk, c.document_id AS document, d.user_id AS owner, d.version, d.title, c.page,
       coalesce(p.label, '') AS label, c.text_begin, c.sealed_text, c.sealed_heading
FROM (SELECT * FROM hits ORDER BY has_every DESC, rank DESC, id LIMIT $6) h
JOIN document_chunks c ON c.id = h.id
JOIN pdf_uploads d ON d.id = c.document_id
LEFT JOIN document_pages p ON p.document_id = c.document_id AND p.page = c.page
ORDER BY h.has_every DESC, h.rank DESC, h.id
