-- Takes the document over for this run; no row if it is gone, was replaced, or has been read already.
-- One that had failed is read from its beginning: an operator has revived its job.
WITH before AS (SELECT id, status FROM pdf_uploads WHERE id = $1 AND version = $3 FOR UPDATE)
UPDATE pdf_uploads d
SET status = 'processing', ingest_token = $2, updated_at = now(), error_code = NULL, error = NULL,
    pages_done = CASE before.status WHEN 'failed' THEN 0 ELSE d.pages_done END
FROM before
WHERE d.id = before.id AND before.status IN ('queued', 'processing', 'failed')
RETURNING d.pages_done, before.status <> 'processing' AS is_first, d.user_id AS owner,
          d.storage_key::uuid AS file
