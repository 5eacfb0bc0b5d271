-- How much there is to search, counted no further than where it stops being little, and the words
-- of the question, not keyed yet: all of them, and any of them.
-- timeout: 5s
SELECT (SELECT count(*) FROM (
            SELECT FROM document_chunks
            WHERE document_id = ANY (ARRAY(SELECT a FROM askable_documents($1, $2, $3) a))
            LIMIT $4
        ) few) AS chunks,
       websearch_to_tsquery('english', q.words)::text AS every,
       replace(plainto_tsquery('english', q.words)::text, '&', '|') AS some
FROM (SELECT replace(normalize($5::text, NFKC), U&'\00AD', '') AS words) q
