-- Pages, chunks, permissions and highlights go with it.
DELETE FROM pdf_uploads WHERE id = $1
