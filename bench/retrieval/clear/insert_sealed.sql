INSERT INTO document_chunks (id, document_id, ordinal, page, text_begin, text_end, sealed_text, lexemes,
                             embedding, model, model_version)
SELECT c.id, c.document_id, c.ordinal, c.page, c.text_begin, c.text_end, s.sealed_text, s.lexemes,
       c.embedding, c.model, c.model_version
FROM clear.document_chunks c JOIN clear.sealed s USING (id) ORDER BY c.document_id, c.ordinal
