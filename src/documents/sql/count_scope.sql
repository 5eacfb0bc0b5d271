-- How much there is to search, counted no further than where it stops being little.
SELECT count(*) FROM (
    SELECT FROM document_chunks
    WHERE document_id IN (SELECT askable_documents($1, $2, $3))
    LIMIT $4
) few
