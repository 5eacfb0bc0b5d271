-- The nearest chunks of a small scope: every distance is computed, nothing is missed.
-- timeout: 5s
WITH nearest AS MATERIALIZED (
    SELECT id, document_id, embedding <=> $4::vector AS distance
    FROM document_chunks
    WHERE document_id = ANY (ARRAY(SELECT askable_documents($1, $2, $3)))
)
SELECT c.id AS chunk, c.document_id AS document, d.user_id AS owner, d.version, d.title, c.page,
       coalesce(p.label, '') AS label, c.text_begin, c.sealed_text, c.sealed_heading
FROM (SELECT * FROM nearest ORDER BY distance, id LIMIT $5) n
JOIN document_chunks c ON c.id = n.id
JOIN pdf_uploads d ON d.id = c.document_id
LEFT JOIN document_pages p ON p.document_id = c.document_id AND p.page = c.page
ORDER BY n.distance, n.id
