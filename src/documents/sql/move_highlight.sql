-- To where it stands in a version; nothing if it was moved to another one meanwhile.
UPDATE highlights
SET sealed_target = $3, page = $4, page_end = $5, text_begin = $6, is_orphan = $7,
    document_version = $8
WHERE id = $1 AND document_version = $2
