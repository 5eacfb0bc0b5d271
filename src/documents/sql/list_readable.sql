-- Those of these documents that the asker may read: what access_document decides.
-- The array comes by a subquery, as in check_used.sql.
SELECT d.id
FROM unnest((SELECT $2::uuid[])) AS w (id)
JOIN pdf_uploads d ON d.id = w.id
WHERE d.user_id = $1 OR d.is_public
   OR EXISTS (SELECT FROM granted_documents($1) g WHERE g.document_id = d.id)
