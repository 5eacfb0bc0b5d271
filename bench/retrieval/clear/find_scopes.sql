-- One document of its owner, and the room into which all of them are shared.
SELECT p.granted_by AS owner, min(p.document_id::text)::uuid AS document, p.room_id AS room
FROM document_permissions p GROUP BY p.granted_by, p.room_id LIMIT 1
