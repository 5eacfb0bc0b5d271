SELECT count(*) FROM (
    SELECT FROM clear.document_chunks
    WHERE document_id = ANY (ARRAY(SELECT a FROM askable_documents($1, $2, $3) a))
    LIMIT $4
) few
