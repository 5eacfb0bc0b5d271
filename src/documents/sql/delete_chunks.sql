-- Of a document that failed: half a text answers nothing.
DELETE FROM document_chunks WHERE document_id = $1
