-- The chunks of one batch of pages.
COPY document_chunks (id, document_id, ordinal, page, text_begin, text_end, text, embedding, model,
                      model_version)
FROM STDIN (FORMAT binary)
