-- What was found ($4), to be shown: only what the asker may read by now, too.
-- timeout: 5s
SELECT c.id AS chunk, c.document_id AS document, d.user_id AS owner, d.version, d.title, c.page,
       coalesce(p.label, '') AS label, c.text_begin, c.sealed_text, c.sealed_heading
FROM document_chunks c
JOIN pdf_uploads d ON d.id = c.document_id
LEFT JOIN document_pages p ON p.document_id = c.document_id AND p.page = c.page
WHERE c.id = ANY ($4)
  AND c.document_id = ANY (ARRAY(SELECT a FROM askable_documents($1, $2, $3) a))
