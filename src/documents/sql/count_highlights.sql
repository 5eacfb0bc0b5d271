-- One person's of one document, counted no further than it matters.
SELECT count(*) FROM (
    SELECT FROM highlights WHERE document_id = $1 AND user_id = $2 LIMIT $3
) few
