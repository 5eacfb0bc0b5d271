-- A document's file can be replaced: pdf_uploads.version counts. What stood before is kept until a
-- later version can be read, so that a broken file takes nothing away.
CREATE TABLE replaced_files (
    document_id uuid PRIMARY KEY REFERENCES pdf_uploads (id) ON DELETE CASCADE,
    version     integer NOT NULL,
    storage_key text NOT NULL UNIQUE,
    file_name   text NOT NULL,
    mime_type   varchar(100) NOT NULL
);

CREATE OR REPLACE VIEW documents AS
SELECT id, user_id AS owner_id, title, file_name, mime_type, file_size_bytes, sha256, page_count,
       status,
       CASE WHEN status = 'ready' THEN 1.0::float8
            WHEN coalesce(page_count, 0) = 0 THEN 0.0::float8
            ELSE least(pages_done::float8 / page_count, 0.99)
       END AS progress,
       error_code, error, tags, is_public, arweave_tx, ipfs_hash, created_at, updated_at, warnings,
       needs_ocr, version
FROM pdf_uploads;
