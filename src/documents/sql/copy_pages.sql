-- The pages of one batch.
COPY document_pages (document_id, page, label, width, height, text, words)
FROM STDIN (FORMAT binary)
