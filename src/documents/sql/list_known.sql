-- Which of these ids are documents; the files of all others are orphans.
SELECT id FROM pdf_uploads WHERE id = ANY ($1)
