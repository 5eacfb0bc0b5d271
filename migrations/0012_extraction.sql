-- What the extraction tells of a document, and the profile of a table.
ALTER TABLE pdf_uploads
    ADD COLUMN warnings  jsonb NOT NULL DEFAULT '[]', -- sentences for people, without content
    ADD COLUMN needs_ocr boolean NOT NULL DEFAULT false, -- has scanned pages that nobody could read
    ADD COLUMN table_profile bytea; -- of a CSV file: JSON of tables::Profile

CREATE OR REPLACE VIEW documents AS
SELECT id, user_id AS owner_id, title, file_name, mime_type, file_size_bytes, sha256, page_count,
       status,
       CASE WHEN status = 'ready' THEN 1.0::float8
            WHEN coalesce(page_count, 0) = 0 THEN 0.0::float8
            ELSE least(pages_done::float8 / page_count, 0.99)
       END AS progress,
       error_code, error, tags, is_public, arweave_tx, ipfs_hash, created_at, updated_at, warnings,
       needs_ocr
FROM pdf_uploads;
