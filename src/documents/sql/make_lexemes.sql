-- The words of each text, in PostgreSQL's binary format; nothing is stored.
SELECT tsvectorsend(to_tsvector('english', t.text))
FROM unnest($1::text[]) WITH ORDINALITY AS t (text, place)
ORDER BY t.place
