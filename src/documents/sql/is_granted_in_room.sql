-- Whether the room that the asker is in holds the document now.
SELECT EXISTS (SELECT FROM granted_documents($1) WHERE document_id = $2 AND room_id = $3)
