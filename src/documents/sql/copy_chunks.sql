-- The chunks of one batch of pages.
COPY document_chunks (id, document_id, ordinal, page, text_begin, text_end, sealed_text, sealed_heading,
                      lexemes, embedding, model, model_version)
FROM STDIN (FORMAT binary)
