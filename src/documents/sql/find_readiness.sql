-- Which version can be read now, if one can.
SELECT version, status = 'ready' AS is_ready, coalesce(page_count, 0) AS page_count, user_id AS owner
FROM pdf_uploads WHERE id = $1
