-- Whoever changes a document's files does so one after the other; no row once it is deleted.
SELECT storage_key::uuid FROM pdf_uploads WHERE id = $1 FOR UPDATE
