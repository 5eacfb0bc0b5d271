-- As search_text_exact of a large scope, by the index of words.
-- timeout: 5s
WITH query AS MATERIALIZED ( -- else a kept plan reads both anew for each chunk
    SELECT $4::text::tsquery AS every, $5::text::tsquery AS some
), hits AS MATERIALIZED (
    SELECT c.id, c.lexemes @@ q.every AS has_every, ts_rank(c.lexemes, q.some, 1) AS rank
    FROM query q
    JOIN document_chunks c ON c.lexemes @@ q.some
    WHERE c.document_id = ANY (ARRAY(SELECT a FROM askable_documents($1, $2, $3) a))
)
SELECT id AS chunk FROM hits ORDER BY has_every DESC, rank DESC, id LIMIT $6
