-- Each wrapped key names the master key that wrapped it; NULL is from before they had names. What is
-- new is wrapped by the active one only, so that all processes change over at the same moment.
CREATE TABLE active_master_key (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    id      text NOT NULL,
    since   timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE subject_keys DROP COLUMN key_version, ADD COLUMN master_key_id text;
ALTER TABLE signing_keys ADD COLUMN master_key_id text;
