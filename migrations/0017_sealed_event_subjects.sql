-- Whom a sealed event is about, so that it can be taken out of the log.
ALTER TABLE room_events ADD COLUMN subject_id uuid;
