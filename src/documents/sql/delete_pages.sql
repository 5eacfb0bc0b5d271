-- Of a document that failed: half a text answers nothing.
DELETE FROM document_pages WHERE document_id = $1
