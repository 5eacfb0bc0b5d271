SELECT count(*) FROM (
    SELECT FROM clear.document_chunks
    WHERE document_id IN (SELECT askable_documents($1, $2, $3))
    LIMIT $4
) few
