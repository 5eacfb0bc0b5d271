-- All files of a document, which is locked: the one that stands and the one it replaced.
SELECT storage_key::uuid FROM pdf_uploads WHERE id = $1
UNION ALL
SELECT storage_key::uuid FROM replaced_files WHERE document_id = $1
