-- That the version is the one that can be read was checked in this transaction.
INSERT INTO highlights (id, document_id, user_id, room_id, visibility, color, page, page_end,
                        text_begin, document_version, sealed_target, sealed_note)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
