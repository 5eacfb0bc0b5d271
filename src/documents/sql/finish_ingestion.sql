-- From here on the document answers.
UPDATE pdf_uploads
SET status = 'ready', page_count = $3, pages_done = $3, error_code = NULL, error = NULL,
    ingest_token = NULL, warnings = $4, needs_ocr = $5, sealed_table_profile = $6, updated_at = now()
WHERE id = $1 AND ingest_token = $2
