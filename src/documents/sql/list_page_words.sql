-- Where the words of pages stand; that the asker may read them is checked in the same batch. The
-- arrays come by a subquery, as in check_used.sql.
SELECT w.document_id AS document, w.page, p.sealed_words, d.user_id AS owner
FROM unnest((SELECT $1::uuid[]), (SELECT $2::integer[])) AS w (document_id, page)
JOIN pdf_uploads d ON d.id = w.document_id
JOIN document_pages p ON p.document_id = w.document_id AND p.page = w.page
