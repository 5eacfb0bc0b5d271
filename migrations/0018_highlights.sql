-- Highlights: words and notes lie sealed with their author's key; where they stand is found by the
-- server, in the version of the document that is named. Nothing was ever written here before.
DROP INDEX idx_highlights_document;
ALTER TABLE highlights
    DROP COLUMN quote,
    DROP COLUMN prefix,
    DROP COLUMN suffix,
    DROP COLUMN boxes,
    DROP COLUMN note,
    ALTER COLUMN page SET NOT NULL, -- of an orphan: where it last stood
    ADD COLUMN page_end integer NOT NULL,
    ADD COLUMN text_begin integer NOT NULL, -- byte of the text of `page`
    ADD COLUMN document_version integer NOT NULL, -- that it was anchored in
    ADD COLUMN color text NOT NULL DEFAULT 'yellow'
               CHECK (color IN ('yellow', 'green', 'blue', 'pink', 'purple', 'orange', 'red', 'gray')),
    ADD COLUMN sealed_target bytea NOT NULL, -- JSON: quote, prefix, suffix, original_quote, boxes
    ADD COLUMN sealed_note bytea,
    ADD COLUMN room_seq bigint, -- the room's first event about it
    ADD CHECK (page > 0 AND page_end >= page AND text_begin >= 0);
CREATE INDEX idx_highlights_document ON highlights (document_id, page, text_begin, id);

-- Who may see what, of a document that they may read: their own, what is public there, and what was
-- marked for a room in which the document is granted to them at this moment.
CREATE FUNCTION visible_highlights(asker uuid, wanted uuid)
RETURNS SETOF highlights LANGUAGE sql STABLE AS $$
    SELECT h.* FROM highlights h
    WHERE h.document_id = wanted
      AND (h.user_id = asker OR h.visibility = 'public'
           OR (h.visibility = 'room'
               AND h.room_id IN (SELECT g.room_id FROM granted_documents(asker) g
                                 WHERE g.document_id = wanted)))
$$;
