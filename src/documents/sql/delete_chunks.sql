-- Of a document that failed, where half a text answers nothing, or was replaced.
WITH words AS (DELETE FROM document_words WHERE document_id = $1)
DELETE FROM document_chunks WHERE document_id = $1
