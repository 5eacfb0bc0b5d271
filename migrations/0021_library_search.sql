-- Each document's words, once: the library is searched here, where a word costs one entry a document
-- and not one a chunk. The words are keyed as those of the chunks are. A tsvector holds a megabyte,
-- so the words of a large document are cut into parts.
CREATE TABLE document_words (
    document_id uuid NOT NULL REFERENCES pdf_uploads (id) ON DELETE CASCADE,
    part        integer NOT NULL,
    lexemes     tsvector NOT NULL,
    PRIMARY KEY (document_id, part)
);
CREATE INDEX idx_document_words_lexemes ON document_words USING gin (lexemes);

CREATE FUNCTION collect_document_words(wanted uuid) RETURNS void LANGUAGE sql AS $$
    INSERT INTO document_words (document_id, part, lexemes)
    SELECT wanted, numbered.number / 50000, array_to_tsvector(array_agg(numbered.lexeme))
    FROM (SELECT distinct_words.lexeme, row_number() OVER () - 1 AS number
          FROM (SELECT DISTINCT word.lexeme
                FROM document_chunks c CROSS JOIN LATERAL unnest(c.lexemes) word
                WHERE c.document_id = wanted) distinct_words) numbered
    GROUP BY numbered.number / 50000
$$;
SELECT collect_document_words(id) FROM pdf_uploads WHERE status = 'ready';

-- Which of these words and phrases stand in which documents, whoever may read them; the terms of a
-- document are words as they came, and p1, p2, … for the phrases, which lie within one chunk.
CREATE FUNCTION documents_with_terms(words text[], phrases text[])
RETURNS TABLE (document_id uuid, terms tsvector) LANGUAGE sql STABLE AS $$
    SELECT found.document_id, array_to_tsvector(array_agg(DISTINCT found.term))
    FROM (SELECT w.document_id, wanted.word AS term
          FROM unnest(words) AS wanted (word)
          JOIN document_words w ON w.lexemes @@ ('''' || wanted.word || '''')::tsquery
          UNION ALL
          SELECT c.document_id, 'p' || wanted.place
          FROM unnest(phrases) WITH ORDINALITY AS wanted (phrase, place)
          JOIN document_chunks c ON c.lexemes @@ wanted.phrase::tsquery) found
    GROUP BY found.document_id
$$;

-- The library is listed by ids, which are ordered by time; by owner also for quotas and duplicates.
CREATE INDEX idx_pdf_uploads_owner ON pdf_uploads (user_id, id) INCLUDE (file_size_bytes);
CREATE INDEX idx_pdf_uploads_public ON pdf_uploads (id) WHERE is_public;
CREATE INDEX idx_pdf_uploads_content ON pdf_uploads (user_id, sha256);
DROP INDEX idx_pdf_uploads_user, idx_pdf_uploads_sha256;

CREATE FUNCTION has_tag_with(tags jsonb, sought text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM jsonb_array_elements_text(tags) AS t (tag)
                   WHERE position(lower(sought) IN lower(t.tag)) > 0)
$$;

-- Where a search hit; nowhere if nothing was sought. One expression, so that it is planned as such.
CREATE FUNCTION library_matches(sought text, title text, tags jsonb, is_in_text boolean)
RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT to_jsonb(array_remove(ARRAY[
        CASE WHEN position(lower(sought) IN lower(title)) > 0 THEN 'title' END,
        CASE WHEN tags <> '[]' AND has_tag_with(tags, sought) THEN 'tags' END,
        CASE WHEN is_in_text THEN 'text' END], NULL))
$$;

CREATE OR REPLACE VIEW documents AS
SELECT id, user_id AS owner_id, title, file_name, mime_type, file_size_bytes, sha256, page_count,
       status,
       CASE WHEN status = 'ready' THEN 1.0::float8
            WHEN coalesce(page_count, 0) = 0 THEN 0.0::float8
            ELSE least(pages_done::float8 / page_count, 0.99)
       END AS progress,
       error_code, error, tags, is_public, arweave_tx, ipfs_hash, created_at, updated_at, warnings,
       needs_ocr, version, download_count
FROM pdf_uploads;
