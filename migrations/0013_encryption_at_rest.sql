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
