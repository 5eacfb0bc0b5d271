-- The document, its file, and what the asker may do with it: 0 nothing, 1 read, 2 write, 3 admin.
SELECT d.*,
       (SELECT u.storage_key::uuid FROM pdf_uploads u WHERE u.id = d.id) AS file,
       CASE WHEN d.owner_id = $1 THEN 3
            ELSE greatest(d.is_public::integer,
                          (SELECT max(CASE g.permission_type WHEN 'admin' THEN 3
                                                             WHEN 'write' THEN 2 ELSE 1 END)
                           FROM granted_documents($1) g WHERE g.document_id = d.id))
       END AS rank
FROM documents d
WHERE d.id = $2
