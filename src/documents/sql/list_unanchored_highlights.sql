-- The next of those that were anchored in another version, orphans too; in the order of their ids.
SELECT id, user_id, page, page_end, text_begin, document_version, sealed_target FROM highlights
WHERE document_id = $1 AND document_version <> $2 AND ($3::uuid IS NULL OR id > $3)
ORDER BY id
LIMIT $4
