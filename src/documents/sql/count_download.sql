-- A count and nothing else: the document did not change.
UPDATE pdf_uploads SET download_count = download_count + 1 WHERE id = $1
