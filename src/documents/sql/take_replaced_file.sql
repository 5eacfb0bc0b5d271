-- A later version can be read: the file before it is needed no more.
DELETE FROM replaced_files WHERE document_id = $1 RETURNING storage_key::uuid
