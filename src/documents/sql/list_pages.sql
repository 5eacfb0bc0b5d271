-- A few pages with the boxes of their words.
SELECT document_id, page, label, width, height, sealed_text, sealed_words
FROM document_pages WHERE document_id = $1 AND page BETWEEN $2 AND $3
ORDER BY page
