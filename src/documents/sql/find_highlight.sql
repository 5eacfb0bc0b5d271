-- One highlight, if the asker may see it; that they may read the document was checked before.
SELECT h.id, h.document_id, h.user_id, u.name, u.username, h.room_id, h.visibility, h.color,
       h.page, h.page_end, h.text_begin, h.is_orphan, h.document_version, h.sealed_target,
       h.sealed_note, h.room_seq, h.created_at, h.updated_at
FROM visible_highlights($1, $2) h
JOIN users u ON u.id = h.user_id
WHERE h.id = $3
