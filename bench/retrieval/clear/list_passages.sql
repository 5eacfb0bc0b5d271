SELECT c.id AS chunk, c.document_id AS document, d.title, c.page, c.text_begin, c.text
FROM clear.document_chunks c
JOIN pdf_uploads d ON d.id = c.document_id
WHERE c.id = ANY ($4)
  AND c.document_id = ANY (ARRAY(SELECT a FROM askable_documents($1, $2, $3) a))
