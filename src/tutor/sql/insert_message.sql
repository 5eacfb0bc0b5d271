-- A question, or an answer with what it rests on. Both are written in one transaction, so the time
-- is that of the statement: it orders them.
INSERT INTO conversation_messages (id, conversation_id, role, sealed_turn, provider, model,
                                   created_at)
VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp())
