-- How much a person has stored, without the document whose file is being replaced ($3), and the
-- newest of their documents with this content that did not fail.
SELECT stored.documents, stored.bytes, same.id AS same_id, same.title AS same_title,
       same.status AS same_status
FROM (SELECT count(*) AS documents, coalesce(sum(file_size_bytes), 0)::bigint AS bytes
      FROM pdf_uploads WHERE user_id = $1 AND id IS DISTINCT FROM $3::uuid) stored
LEFT JOIN LATERAL (
    SELECT id, title, status FROM pdf_uploads
    WHERE user_id = $1 AND sha256 = $2 AND status <> 'failed'
    ORDER BY id DESC
    LIMIT 1
) same ON true
