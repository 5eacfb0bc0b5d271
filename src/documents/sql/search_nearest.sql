-- The nearest chunks of a large scope by the HNSW index, which is scanned on until enough of what
-- it finds lies in the scope (hnsw.iterative_scan).
-- timeout: 5s
SELECT id AS chunk
FROM (
    SELECT id, embedding <=> $4::vector AS distance
    FROM document_chunks
    WHERE document_id = ANY (ARRAY(SELECT a FROM askable_documents($1, $2, $3) a))
    ORDER BY embedding <=> $4::vector
    LIMIT $5
) c
ORDER BY distance, id
