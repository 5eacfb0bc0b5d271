SELECT c.id AS chunk, d.user_id AS owner, c.text, tsvectorsend(c.lexemes) AS lexemes
FROM clear.document_chunks c JOIN pdf_uploads d ON d.id = c.document_id
