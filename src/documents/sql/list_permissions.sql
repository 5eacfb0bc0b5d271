-- Who may do what, expired grants too; at most what one answer may hold.
SELECT * FROM document_permissions WHERE document_id = $1 ORDER BY id LIMIT 1000
