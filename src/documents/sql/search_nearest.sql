-- The nearest chunks of a large scope by the HNSW index, which is scanned on until enough of what
-- it finds lies in the scope (hnsw.iterative_scan).
-- timeout: 5s
SELECT c.id AS chunk, c.document_id AS document, d.user_id AS owner, d.version, d.title, c.page,
       coalesce(p.label, '') AS label, c.text_begin, c.sealed_text, c.sealed_heading
FROM (
    SELECT id, document_id, page, text_begin, sealed_text, sealed_heading,
           embedding <=> $4::vector AS distance
    FROM document_chunks
    WHERE document_id = ANY (ARRAY(SELECT askable_documents($1, $2, $3)))
    ORDER BY embedding <=> $4::vector
    LIMIT $5
) c
JOIN pdf_uploads d ON d.id = c.document_id
LEFT JOIN document_pages p ON p.document_id = c.document_id AND p.page = c.page
ORDER BY c.distance, c.id
