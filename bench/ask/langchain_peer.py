# SPDX-License-Identifier: Apache-2.0
"""The peer of `./dev bench ask` by which the target is judged, as such services are mostly written:
LangChain's retriever over pgvector with Sentence-Transformers, its prompt and chat model, behind
FastAPI. Everything that can be made once is made once; everything that can be awaited is. It
checks no access, verifies no quotes and stores nothing.

    langchain_peer.py PORT DATABASE_URL MODEL_DIR MODEL_URL
"""

import json
import os
import sys
from contextlib import asynccontextmanager

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["TQDM_DISABLE"] = "1"

import uvicorn  # noqa: E402
from fastapi import FastAPI  # noqa: E402
from fastapi.responses import StreamingResponse  # noqa: E402
from langchain_core.prompts import ChatPromptTemplate  # noqa: E402
from langchain_huggingface import HuggingFaceEmbeddings  # noqa: E402
from langchain_openai import ChatOpenAI  # noqa: E402
from langchain_postgres import PGEngine, PGVectorStore  # noqa: E402
from psycopg.conninfo import conninfo_to_dict  # noqa: E402
from pydantic import BaseModel  # noqa: E402
from sqlalchemy import URL  # noqa: E402
from sqlalchemy.ext.asyncio import create_async_engine  # noqa: E402

PORT, DATABASE, MODEL, MODEL_URL = sys.argv[1:]
PASSAGES, TOKENS_MAX, CONNECTIONS = 8, 256, 8
RULES = (
    "You answer questions about documents, briefly and exactly, from the passages alone. If they "
    "do not hold the answer, say so."
)
PROMPT = ChatPromptTemplate.from_messages(
    [("system", RULES), ("user", "Passages:\n\n{passages}\n\nQuestion: {question}")]
)


class Question(BaseModel):
    document_id: str
    question: str


def open_embeddings():
    embeddings = HuggingFaceEmbeddings(
        model_name=MODEL,
        model_kwargs={"device": "cpu"},
        encode_kwargs={"normalize_embeddings": True},
    )
    embeddings._client.max_seq_length = TOKENS_MAX
    embeddings.embed_query("warm")
    return embeddings


def open_engine():
    parts = conninfo_to_dict(DATABASE)
    url = URL.create(
        "postgresql+psycopg",
        username=parts["user"],
        database=parts["dbname"],
        query={"host": parts["host"]},
    )
    return PGEngine.from_engine(
        create_async_engine(url, pool_size=CONNECTIONS, max_overflow=0)
    )


@asynccontextmanager
async def life(app):
    engine = open_engine()
    app.store = await PGVectorStore.create(
        engine=engine,
        embedding_service=open_embeddings(),
        table_name="peer_chunks",
        id_column="id",
        content_column="text",
        embedding_column="embedding",
        metadata_columns=["document_id", "page"],
        metadata_json_column=None,
        k=PASSAGES,
    )
    app.model = ChatOpenAI(model="m", base_url=MODEL_URL, api_key="none", temperature=0.2)
    yield
    await engine.close()


app = FastAPI(lifespan=life)


def as_passages(documents):
    return "\n\n".join(
        f"[{i}] page {document.metadata['page']}\n{document.page_content}"
        for i, document in enumerate(documents, start=1)
    )


def event(kind, data):
    return f"event: {kind}\ndata: {json.dumps(data)}\n\n"


@app.get("/")
async def ready():
    return {}


@app.post("/ask")
async def ask(asked: Question):
    found = await app.store.asimilarity_search(
        asked.question, k=PASSAGES, filter={"document_id": asked.document_id}
    )

    async def stream():
        sources = [{"page": one.metadata["page"], "text": one.page_content} for one in found]
        yield event("sources", sources)
        text = ""
        # Not as PROMPT | model | parser: a chain costs some milliseconds more for each answer.
        prompt = PROMPT.format_messages(passages=as_passages(found), question=asked.question)
        async for piece in app.model.astream(prompt):
            text += piece.content
            yield event("delta", {"delta": piece.content})
        yield event("done", {"answer": text})

    return StreamingResponse(stream(), media_type="text/event-stream")


uvicorn.run(app, host="127.0.0.1", port=int(PORT), log_level="warning", access_log=False)
