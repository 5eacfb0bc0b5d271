-- Whether the asker may read all of these documents, and whether one of the versions, which
-- something was made from, stands no more. The arrays come by a subquery so that the plan need not
-- know how long they are, and is kept.
SELECT coalesce(bool_and(coalesce(
           d.user_id = $1 OR d.is_public
           OR EXISTS (SELECT FROM granted_documents($1) g WHERE g.document_id = d.id),
           false)), true) AS is_readable,
       coalesce(bool_or(d.version <> used.version), false) AS is_replaced
FROM unnest((SELECT $2::uuid[]), (SELECT $3::integer[])) AS used (id, version)
LEFT JOIN pdf_uploads d ON d.id = used.id
