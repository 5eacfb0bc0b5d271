-- A new version; what was known of the old one's content is gone, and no run may write any more.
UPDATE pdf_uploads
SET version = version + 1, status = 'queued', storage_key = $2, file_name = $3, sha256 = $4,
    mime_type = $5, file_size_bytes = $6, page_count = NULL, pages_done = 0, error_code = NULL,
    error = NULL, ingest_token = NULL, warnings = '[]', needs_ocr = false,
    sealed_table_profile = NULL, arweave_tx = NULL, ipfs_hash = NULL, updated_at = now()
WHERE id = $1
