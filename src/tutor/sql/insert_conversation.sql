-- With its first question and answer, in one transaction.
INSERT INTO conversations (id, user_id, room_id, document_id, sealed_title, mode)
VALUES ($1, $2, $3, $4, $5, $6)
