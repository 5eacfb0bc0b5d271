-- Who asks was checked before; no row unless the document is a table that has been read.
SELECT table_profile AS profile FROM pdf_uploads
WHERE id = $1 AND status = 'ready' AND table_profile IS NOT NULL
