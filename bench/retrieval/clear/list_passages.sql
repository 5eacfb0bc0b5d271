SELECT c.id AS chunk, c.document_id AS document, d.version, d.title, c.page,
       coalesce(p.label, '') AS label, c.text_begin, c.text, coalesce(c.heading, '') AS heading
FROM clear.document_chunks c
JOIN pdf_uploads d ON d.id = c.document_id
LEFT JOIN document_pages p ON p.document_id = c.document_id AND p.page = c.page
WHERE c.id = ANY ($4)
  AND c.document_id = ANY (ARRAY(SELECT a FROM askable_documents($1, $2, $3) a))
