-- The tables that the asker may ask in this scope now; their profiles are read one by one, for few.
SELECT id, title, file_name FROM pdf_uploads
WHERE id = ANY (ARRAY(SELECT a FROM askable_documents($1, $2, $3) a))
  AND sealed_table_profile IS NOT NULL
ORDER BY id DESC
LIMIT $4
