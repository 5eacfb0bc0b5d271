-- The best chunks of a small scope by full text: those with all words of the question ($4) first, then
-- those with some ($5). Both are keyed. Every chunk of the scope is looked at: the index would tell of
-- the whole library's. By ts_rank, for which another word counts for more than the same one again;
-- ts_rank_cd would count the places alone, and take longer.
-- timeout: 5s
WITH query AS MATERIALIZED ( -- else a kept plan reads both anew for each chunk
    SELECT $4::text::tsquery AS every, $5::text::tsquery AS some
), ranked AS MATERIALIZED (
    SELECT c.id, c.lexemes @@ q.every AS has_every, ts_rank(c.lexemes, q.some, 1) AS rank
    FROM document_chunks c CROSS JOIN query q
    WHERE c.document_id = ANY (ARRAY(SELECT a FROM askable_documents($1, $2, $3) a))
)
SELECT id AS chunk FROM ranked WHERE rank > 0 ORDER BY has_every DESC, rank DESC, id LIMIT $6
