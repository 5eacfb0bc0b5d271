-- Where the words of a page stand.
SELECT sealed_words FROM document_pages WHERE document_id = $1 AND page = $2
