-- The nearest chunks of a small scope: every distance is computed, nothing is missed.
-- timeout: 5s
WITH nearest AS MATERIALIZED (
    SELECT id, embedding <=> $4::vector AS distance
    FROM document_chunks
    WHERE document_id = ANY (ARRAY(SELECT a FROM askable_documents($1, $2, $3) a))
)
SELECT id AS chunk FROM nearest ORDER BY distance, id LIMIT $5
