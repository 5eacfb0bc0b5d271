-- All chunks are there: from here on the library is searched for the document's words. A second for
-- fifty thousand chunks.
-- timeout: 60s
SELECT collect_document_words($1)
