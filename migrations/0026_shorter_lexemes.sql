-- A keyed lexeme is 6 letters, no longer 11: enough to tell words apart, and less to compare. Those
-- that are stored lose their last five, which leaves what is keyed from now on.
UPDATE document_chunks
SET lexemes = regexp_replace(lexemes::text, '''(.{6}).{5}''', '''\1''', 'g')::tsvector;
UPDATE document_words
SET lexemes = regexp_replace(lexemes::text, '''(.{6}).{5}''', '''\1''', 'g')::tsvector;
