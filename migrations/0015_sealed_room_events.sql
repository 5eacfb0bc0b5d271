-- Events that repeat what lies sealed elsewhere (a document's words, an answer) are sealed with the
-- same person's key.
ALTER TABLE room_events
    ALTER COLUMN payload DROP NOT NULL,
    ADD COLUMN sealed_payload bytea,
    ADD COLUMN sealed_by uuid, -- whose key opens it
    ADD CONSTRAINT room_events_payload_check CHECK (
        (payload IS NULL) = (sealed_payload IS NOT NULL) AND
        (sealed_payload IS NULL) = (sealed_by IS NULL));
-- What was asked aloud before was written in the clear. Its place in the sequence stays.
UPDATE room_events SET payload = '{"is_deleted": true}' WHERE type = 'socratic_response';
