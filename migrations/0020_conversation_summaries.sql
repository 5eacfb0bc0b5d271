-- What was said in a long conversation, in short: sealed as its title is, through this message.
ALTER TABLE conversations
    ADD COLUMN sealed_summary     bytea,
    ADD COLUMN summarised_through uuid,
    ADD CONSTRAINT conversations_summary_has_a_place
        CHECK ((sealed_summary IS NULL) = (summarised_through IS NULL));
