-- A passage tells under which headings it stands.
ALTER TABLE document_chunks
    ADD COLUMN sealed_heading bytea; -- "Chapter › Section"; null where there is none
ALTER TABLE document_chunks ALTER COLUMN sealed_heading SET STORAGE EXTERNAL;
