-- What is about to be replaced stays at hand, unless it could not be read or an earlier file is kept.
INSERT INTO replaced_files (document_id, version, storage_key, file_name, mime_type)
SELECT id, version, storage_key, file_name, mime_type FROM pdf_uploads
WHERE id = $1 AND status <> 'failed'
ON CONFLICT (document_id) DO NOTHING
