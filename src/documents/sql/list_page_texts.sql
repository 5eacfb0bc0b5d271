-- The texts of some pages, to look for a quote in.
SELECT page, sealed_text FROM document_pages
WHERE document_id = $1 AND page BETWEEN $2 AND $3
ORDER BY page
