-- Before a batch is written: locks the row, and no row is changed once another run has taken over.
UPDATE pdf_uploads SET pages_done = $3, updated_at = now()
WHERE id = $1 AND ingest_token = $2
