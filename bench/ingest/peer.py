# SPDX-License-Identifier: Apache-2.0
"""The peer of `./dev bench ingest`: PyMuPDF, LangChain's splitter, Sentence-Transformers and
psycopg, with the model warm. Reads lines "batched|alone FILES.json" on stdin and answers each
with wall and CPU seconds.

    peer.py MODEL_DIR DATABASE_URL

alone: each document is read, embedded and committed by itself, as they come in. batched: all are
read first, their chunks embedded together, and copied in one transaction.
"""

import json
import os
import sys
import time
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TQDM_DISABLE"] = "1"

import psycopg  # noqa: E402
import pymupdf  # noqa: E402
from langchain_text_splitters import RecursiveCharacterTextSplitter  # noqa: E402
from pgvector.psycopg import register_vector  # noqa: E402
from sentence_transformers import SentenceTransformer  # noqa: E402
from sentence_transformers.sentence_transformer import modules  # noqa: E402

# As Stoa: the chunks, the vectors' and the words' index.
SCHEMA = """
CREATE EXTENSION IF NOT EXISTS vector;
CREATE SCHEMA peer;
CREATE TABLE peer.documents (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL);
CREATE TABLE peer.pages (
    document_id uuid REFERENCES peer.documents ON DELETE CASCADE, page integer, text text NOT NULL,
    PRIMARY KEY (document_id, page));
CREATE TABLE peer.chunks (
    id bigserial PRIMARY KEY, document_id uuid REFERENCES peer.documents ON DELETE CASCADE,
    ordinal integer NOT NULL, page integer NOT NULL, text text NOT NULL,
    lexemes tsvector GENERATED ALWAYS AS (to_tsvector('english', text)) STORED,
    embedding vector(384) NOT NULL, UNIQUE (document_id, ordinal));
CREATE INDEX ON peer.chunks
    USING hnsw (embedding vector_cosine_ops) WITH (m = 16, ef_construction = 64);
CREATE INDEX ON peer.chunks USING gin (lexemes);
"""


class Script:
    def __init__(self, model, database_url):
        self.splitter = RecursiveCharacterTextSplitter(
            chunk_size=1000,
            chunk_overlap=150,
            separators=["\n\n", "\n", ". ", " ", ""],
            keep_separator="end",
        )
        network = modules.Transformer(model, max_seq_length=256)
        parts = [network, modules.Pooling(384, pooling_mode="mean"), modules.Normalize()]
        self.encoder = SentenceTransformer(modules=parts, device="cpu")
        self.encoder.encode(["warm"])
        self.connection = psycopg.connect(database_url)
        self.connection.execute(SCHEMA)
        self.connection.commit()
        register_vector(self.connection)

    def read(self, file):
        """The pages of a file, and their chunks as (page, text)."""
        if file.suffix == ".pdf":
            with pymupdf.open(file) as document:
                pages = [page.get_text() for page in document]
        else:
            pages = [file.read_text()]
        chunks = [
            (number, chunk)
            for number, text in enumerate(pages, 1)
            for chunk in self.splitter.split_text(text)
        ]
        return file.name, pages, chunks

    def embed(self, chunks):
        return self.encoder.encode(
            [text for _, text in chunks], batch_size=32, show_progress_bar=False
        )

    def store(self, documents, vectors):
        """In one transaction; `vectors` are those of all chunks in order."""
        vectors = iter(vectors)
        pages, chunks = [], []
        for name, texts, pieces in documents:
            insert = "INSERT INTO peer.documents (name) VALUES (%s) RETURNING id"
            (document,) = self.connection.execute(insert, [name]).fetchone()
            pages += [(document, number, text) for number, text in enumerate(texts, 1)]
            chunks += [
                (document, ordinal, page, text, next(vectors))
                for ordinal, (page, text) in enumerate(pieces)
            ]
        with self.connection.cursor() as cursor:
            for table, columns, types, rows in (
                ("pages", "document_id, page, text", ["uuid", "int4", "text"], pages),
                (
                    "chunks",
                    "document_id, ordinal, page, text, embedding",
                    ["uuid", "int4", "int4", "text", "vector"],
                    chunks,
                ),
            ):
                statement = f"COPY peer.{table} ({columns}) FROM STDIN (FORMAT binary)"
                with cursor.copy(statement) as copy:
                    copy.set_types(types)
                    for row in rows:
                        copy.write_row(row)
        self.connection.commit()
        return len(chunks)

    def ingest(self, how, files):
        if how == "alone":
            count = 0
            for file in files:
                document = self.read(file)
                count += self.store([document], self.embed(document[2]))
            return count
        documents = [self.read(file) for file in files]
        return self.store(documents, self.embed([c for _, _, chunks in documents for c in chunks]))


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints is no answer
    script = Script(*sys.argv[1:])
    print("{}", file=answers, flush=True)
    for line in sys.stdin:
        how, list_file = line.split()
        files = [Path(name) for name in json.loads(Path(list_file).read_text())]
        wall, cpu = time.perf_counter(), time.process_time()
        chunks = script.ingest(how, files)
        turn = {
            "wall": time.perf_counter() - wall,
            "cpu": time.process_time() - cpu,
            "chunks": chunks,
        }
        print(json.dumps(turn), file=answers, flush=True)


if __name__ == "__main__":
    main()
