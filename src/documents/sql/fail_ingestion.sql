-- For good; says why. Nothing is changed for a version that is ready by now or was replaced.
UPDATE pdf_uploads
SET status = 'failed', error_code = $3, error = $4, ingest_token = NULL, updated_at = now()
WHERE id = $1 AND version = $2 AND status IN ('queued', 'processing')
