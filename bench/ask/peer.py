# SPDX-License-Identifier: Apache-2.0
"""The leaner peer of `./dev bench ask`, written by hand without LangChain: the question embedded by
Sentence-Transformers, the eight nearest chunks from pgvector, a prompt of them, the model's answer
streamed on. It checks no access, verifies no quotes and stores nothing.

    peer.py PORT DATABASE_URL MODEL_DIR MODEL_URL
"""

import asyncio
import json
import os
import sys
from contextlib import asynccontextmanager

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["TQDM_DISABLE"] = "1"

import httpx  # noqa: E402
import uvicorn  # noqa: E402
from fastapi import FastAPI  # noqa: E402
from fastapi.responses import StreamingResponse  # noqa: E402
from pgvector.psycopg import register_vector_async  # noqa: E402
from psycopg_pool import AsyncConnectionPool  # noqa: E402
from pydantic import BaseModel  # noqa: E402
from sentence_transformers import SentenceTransformer  # noqa: E402
from sentence_transformers.sentence_transformer import modules  # noqa: E402

PORT, DATABASE, MODEL, MODEL_URL = sys.argv[1:]
PASSAGES, TOKENS_MAX, CONNECTIONS = 8, 256, 8
RULES = (
    "You answer questions about documents, briefly and exactly, from the passages alone. If they "
    "do not hold the answer, say so."
)
NEAREST = (
    "SELECT page, text FROM peer_chunks WHERE document_id = %s ORDER BY embedding <=> %s LIMIT %s"
)


class Question(BaseModel):
    document_id: str
    question: str


def open_encoder():
    network = modules.Transformer(MODEL, max_seq_length=TOKENS_MAX)
    parts = [network, modules.Pooling(384, pooling_mode="mean"), modules.Normalize()]
    return SentenceTransformer(modules=parts, device="cpu")


@asynccontextmanager
async def life(app):
    app.encoder = open_encoder()
    app.model = httpx.AsyncClient(
        timeout=60, limits=httpx.Limits(max_connections=200, max_keepalive_connections=200)
    )
    app.pool = AsyncConnectionPool(
        DATABASE, min_size=CONNECTIONS, max_size=CONNECTIONS, configure=register_vector_async
    )
    async with app.model, app.pool:
        yield


app = FastAPI(lifespan=life)


def make_prompt(question, rows):
    passages = "\n\n".join(
        f"[{i}] page {page}\n{text}" for i, (page, text) in enumerate(rows, start=1)
    )
    return [
        {"role": "system", "content": RULES},
        {"role": "user", "content": f"Passages:\n\n{passages}\n\nQuestion: {question}"},
    ]


def event(kind, data):
    return f"event: {kind}\ndata: {json.dumps(data)}\n\n"


@app.get("/")
async def ready():
    return {}


@app.post("/ask")
async def ask(asked: Question):
    vector = await asyncio.to_thread(app.encoder.encode, asked.question)
    async with app.pool.connection() as connection:
        cursor = await connection.execute(NEAREST, (asked.document_id, vector, PASSAGES))
        rows = await cursor.fetchall()

    async def stream():
        yield event("sources", [{"page": page, "text": text} for page, text in rows])
        body = {
            "model": "m",
            "stream": True,
            "messages": make_prompt(asked.question, rows),
        }
        text = ""
        async with app.model.stream("POST", f"{MODEL_URL}/chat/completions", json=body) as told:
            async for line in told.aiter_lines():
                if not line.startswith("data: ") or line == "data: [DONE]":
                    continue
                delta = json.loads(line[6:])["choices"][0]["delta"]["content"]
                text += delta
                yield event("delta", {"delta": delta})
        yield event("done", {"answer": text})

    return StreamingResponse(stream(), media_type="text/event-stream")


uvicorn.run(app, host="127.0.0.1", port=int(PORT), log_level="warning", access_log=False)
