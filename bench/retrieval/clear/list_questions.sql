-- A few words in a row, out of chunks everywhere.
SELECT array_to_string((regexp_split_to_array(text, '\s+'))[3:10], ' ')
FROM clear.document_chunks ORDER BY md5(id::text) LIMIT $1
