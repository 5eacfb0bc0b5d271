-- A statement of its own, after the token was taken: a snapshot from before could miss a batch.
SELECT count(*) FROM document_chunks WHERE document_id = $1
