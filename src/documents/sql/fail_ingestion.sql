-- For good; says why. Nothing is changed for a document that is ready by now.
UPDATE pdf_uploads
SET status = 'failed', error_code = $2, error = $3, ingest_token = NULL, updated_at = now()
WHERE id = $1 AND status IN ('queued', 'processing')
