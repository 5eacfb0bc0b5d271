-- The tables that the asker may ask in this scope now; their profiles are read one by one, for few.
SELECT id, title, file_name FROM pdf_uploads
WHERE id IN (SELECT askable_documents($1, $2, $3)) AND sealed_table_profile IS NOT NULL
ORDER BY id DESC
LIMIT $4
