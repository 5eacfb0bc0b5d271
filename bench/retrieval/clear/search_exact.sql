WITH nearest AS MATERIALIZED (
    SELECT id, embedding <=> $4::vector AS distance
    FROM clear.document_chunks
    WHERE document_id = ANY (ARRAY(SELECT a FROM askable_documents($1, $2, $3) a))
)
SELECT id AS chunk FROM nearest ORDER BY distance, id LIMIT $5
