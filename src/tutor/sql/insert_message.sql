-- A question, or an answer with what it rests on. Ids are ordered by time.
INSERT INTO conversation_messages (id, conversation_id, role, content, sources, follow_ups,
                                   provider, model)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
