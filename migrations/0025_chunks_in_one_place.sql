-- A chunk's embedding and lexemes lie in its row, up to a page: out of line, each search looked them
-- up one by one. What is stored from now on lies so.
ALTER TABLE document_chunks SET (toast_tuple_target = 8160);
