-- The file that a document had before it was replaced, if it is this version and still kept.
SELECT storage_key::uuid AS file, file_name, mime_type FROM replaced_files
WHERE document_id = $1 AND version = $2
