-- Who asks was checked before; no row unless the document is a table that has been read, and is the
-- version that was checked.
SELECT sealed_table_profile FROM pdf_uploads
WHERE id = $1 AND version = $2 AND status = 'ready' AND sealed_table_profile IS NOT NULL
