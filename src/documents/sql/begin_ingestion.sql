-- Takes the document over for this run; no row if it is gone, was replaced, or has been read already.
WITH before AS (SELECT id, status FROM pdf_uploads WHERE id = $1 AND version = $3 FOR UPDATE)
UPDATE pdf_uploads d
SET status = 'processing', ingest_token = $2, updated_at = now()
FROM before
WHERE d.id = before.id AND before.status IN ('queued', 'processing')
RETURNING d.pages_done, before.status = 'queued' AS is_first, d.user_id AS owner,
          d.storage_key::uuid AS file
