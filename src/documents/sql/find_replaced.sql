-- Whether one of these versions, which something was made from, stands no more.
SELECT EXISTS (
    SELECT FROM unnest($1::uuid[], $2::integer[]) AS used (id, version)
    JOIN pdf_uploads d ON d.id = used.id
    WHERE d.version <> used.version
)
