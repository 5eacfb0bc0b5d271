-- The pages of one batch.
COPY document_pages (document_id, page, label, width, height, sealed_text, sealed_words)
FROM STDIN (FORMAT binary)
