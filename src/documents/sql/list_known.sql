-- Which of these files belong to documents; all others are orphans.
SELECT storage_key::uuid FROM pdf_uploads WHERE storage_key = ANY ($1::uuid[]::text[])
UNION ALL
SELECT storage_key::uuid FROM replaced_files WHERE storage_key = ANY ($1::uuid[]::text[])
