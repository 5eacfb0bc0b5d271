-- The same rule as before, in a shape that every statement which asks FROM it takes into its own
-- plan: reached from the one document, or from what is shared into the room, however many documents
-- there are. As a call of its own it was planned anew for each question, three times.
CREATE OR REPLACE FUNCTION askable_documents(asker uuid, wanted uuid, in_room uuid)
RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
    SELECT d.id FROM pdf_uploads d
    WHERE in_room IS NULL AND d.id = wanted AND d.status = 'ready'
      AND (d.user_id = asker OR d.is_public
           OR EXISTS (SELECT FROM granted_documents(asker) g WHERE g.document_id = d.id))
    UNION ALL
    SELECT d.id
    FROM granted_documents(asker) g
    JOIN pdf_uploads d ON d.id = g.document_id
    WHERE g.room_id = in_room AND (wanted IS NULL OR d.id = wanted) AND d.status = 'ready'
$$;
