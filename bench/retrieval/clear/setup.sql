-- What document_chunks was before it was sealed: text and lexemes that everybody can read.
CREATE SCHEMA clear;
CREATE TABLE clear.document_chunks (
    id            uuid PRIMARY KEY,
    document_id   uuid NOT NULL REFERENCES pdf_uploads (id) ON DELETE CASCADE,
    ordinal       integer NOT NULL,
    page          integer NOT NULL,
    text_begin    integer NOT NULL,
    text_end      integer NOT NULL,
    text          text NOT NULL,
    heading       text,
    lexemes       tsvector GENERATED ALWAYS AS (to_tsvector('english', text)) STORED,
    embedding     vector(384) NOT NULL,
    model         text NOT NULL,
    model_version text NOT NULL,
    UNIQUE (document_id, ordinal)
);
-- As the sealed texts are: else embeddings lie out of line and the peer is slower than it need be.
ALTER TABLE clear.document_chunks ALTER COLUMN text SET STORAGE EXTERNAL;
ALTER TABLE clear.document_chunks SET (toast_tuple_target = 8160);
CREATE INDEX ON clear.document_chunks
    USING hnsw (embedding vector_cosine_ops) WITH (m = 16, ef_construction = 64);
CREATE INDEX ON clear.document_chunks USING gin (lexemes);
-- What the sealing side of the bench hands over.
CREATE TABLE clear.sealed (id uuid, sealed_text bytea, lexemes tsvector);
