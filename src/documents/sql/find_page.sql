-- One page with its text and the boxes of its words.
SELECT document_id, page, label, width, height, sealed_text, sealed_words
FROM document_pages WHERE document_id = $1 AND page = $2
