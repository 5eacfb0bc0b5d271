-- What the asker may see of a document that they may read, in reading order, behind a place in it.
SELECT h.id, h.document_id, h.user_id, u.name, u.username, h.room_id, h.visibility, h.color,
       h.page, h.page_end, h.text_begin, h.is_orphan, h.document_version, h.sealed_target,
       h.sealed_note, h.room_seq, h.created_at, h.updated_at
FROM visible_highlights($1, $2) h
JOIN users u ON u.id = h.user_id
WHERE h.is_orphan = $3
  AND ($4::integer IS NULL OR $4 BETWEEN h.page AND h.page_end)
  AND ($5::text IS NULL OR h.visibility = $5)
  AND ($6::uuid IS NULL OR (h.visibility = 'room' AND h.room_id = $6))
  AND (NOT $7::boolean OR h.user_id = $1)
  AND ($8::integer IS NULL OR (h.page, h.text_begin, h.id) > ($8, $9::integer, $10::uuid))
ORDER BY h.page, h.text_begin, h.id
LIMIT $11
