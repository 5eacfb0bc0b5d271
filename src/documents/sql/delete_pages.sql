-- Of a document that failed, where half a text answers nothing, or was replaced.
DELETE FROM document_pages WHERE document_id = $1
