WITH nearest AS MATERIALIZED (
    SELECT id, document_id, embedding <=> $4::vector AS distance
    FROM clear.document_chunks
    WHERE document_id = ANY (ARRAY(SELECT askable_documents($1, $2, $3)))
)
SELECT c.id AS chunk, c.document_id AS document, d.title, c.page, c.text_begin, c.text
FROM (SELECT * FROM nearest ORDER BY distance, id LIMIT $5) n
JOIN clear.document_chunks c ON c.id = n.id
JOIN pdf_uploads d ON d.id = c.document_id
ORDER BY n.distance, n.id
