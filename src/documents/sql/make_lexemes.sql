-- The words of each text, in PostgreSQL's binary format; nothing is stored. Ligatures, wide letters
-- and soft hyphens are words' dress, as in begin_search.sql.
SELECT tsvectorsend(to_tsvector('english', replace(normalize(t.text, NFKC), U&'\00AD', '')))
FROM unnest($1::text[]) WITH ORDINALITY AS t (text, place)
ORDER BY t.place
