-- What people wrote and uploaded lies sealed with the key of its owner (subject_keys); nothing of it
-- can be read from the tables. What lies there in the clear cannot be sealed from inside the
-- database, which never has the keys.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pdf_uploads) OR EXISTS (SELECT FROM conversations) THEN
        RAISE EXCEPTION 'documents and conversations in this database are not encrypted'
            USING HINT = 'Export what is needed, delete them with the release that wrote them, then migrate.';
    END IF;
END
$$;

ALTER TABLE conversations
    DROP COLUMN title,
    DROP COLUMN summary,
    ADD COLUMN sealed_title bytea NOT NULL;
ALTER TABLE conversation_messages
    DROP COLUMN content,
    DROP COLUMN sources,
    DROP COLUMN follow_ups,
    ADD COLUMN sealed_turn bytea NOT NULL; -- JSON: content, sources, follow_up_questions

ALTER TABLE pdf_uploads
    DROP COLUMN table_profile,
    ADD COLUMN sealed_table_profile bytea; -- of a CSV file: JSON of tables::Profile
CREATE UNIQUE INDEX idx_pdf_uploads_storage_key ON pdf_uploads (storage_key);
ALTER TABLE document_pages
    DROP COLUMN text,
    DROP COLUMN words,
    ADD COLUMN sealed_text bytea NOT NULL,
    -- [[begin, end, x0, y0, x1, y1], …]: byte ranges of the text and their boxes
    ADD COLUMN sealed_words bytea NOT NULL;
-- Each lexeme is an HMAC: equal words are found, none can be read.
DROP INDEX idx_document_chunks_lexemes;
ALTER TABLE document_chunks
    DROP COLUMN lexemes,
    DROP COLUMN text,
    ADD COLUMN sealed_text bytea NOT NULL,
    ADD COLUMN lexemes tsvector NOT NULL;
CREATE INDEX idx_document_chunks_lexemes ON document_chunks USING gin (lexemes);
-- What is random does not get smaller: PostgreSQL need not try.
ALTER TABLE document_pages ALTER COLUMN sealed_text SET STORAGE EXTERNAL,
                           ALTER COLUMN sealed_words SET STORAGE EXTERNAL;
ALTER TABLE document_chunks ALTER COLUMN sealed_text SET STORAGE EXTERNAL;
