-- Who owns the document, if the asker may read it: what access_document decides, without the row.
-- It holds at most until the next permission on the document expires, whoever's.
SELECT d.user_id AS owner,
       floor(extract(epoch FROM (SELECT min(p.expires_at) FROM document_permissions p
                                 WHERE p.document_id = d.id AND p.expires_at > now())
                                - now()) * 1000)::bigint AS milliseconds_left
FROM pdf_uploads d
WHERE d.id = $2
  AND (d.user_id = $1 OR d.is_public
       OR EXISTS (SELECT FROM granted_documents($1) g WHERE g.document_id = d.id))
