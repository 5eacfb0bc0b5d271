-- Known as soon as the file is opened, so that progress can be shown.
UPDATE pdf_uploads SET page_count = $3, updated_at = now() WHERE id = $1 AND ingest_token = $2
