# SPDX-License-Identifier: Apache-2.0
"""The leaner peer of `./dev bench ask`, written by hand without LangChain: the question embedded by
Sentence-Transformers, the eight nearest chunks from pgvector, a prompt of them, the model's answer
streamed on. It checks no access, verifies no quotes and stores nothing. Arguments: peer_service.py
"""

import asyncio
import json
from contextlib import asynccontextmanager

from peer_service import CONNECTIONS, DATABASE, MODEL, MODEL_URL, PASSAGES, RULES, TOKENS_MAX
from peer_service import as_passages, serve

import httpx
from pgvector.psycopg import register_vector_async
from psycopg_pool import AsyncConnectionPool
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer import modules

NEAREST = (
    "SELECT page, text FROM peer_chunks WHERE document_id = %s ORDER BY embedding <=> %s LIMIT %s"
)


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


async def find(app, asked):
    vector = await asyncio.to_thread(app.encoder.encode, asked.question)
    async with app.pool.connection() as connection:
        cursor = await connection.execute(NEAREST, (asked.document_id, vector, PASSAGES))
        return await cursor.fetchall()


async def answer(app, question, found):
    body = {
        "model": "m",
        "stream": True,
        "messages": [
            {"role": "system", "content": RULES},
            {
                "role": "user",
                "content": f"Passages:\n\n{as_passages(found)}\n\nQuestion: {question}",
            },
        ],
    }
    async with app.model.stream("POST", f"{MODEL_URL}/chat/completions", json=body) as told:
        async for line in told.aiter_lines():
            if line.startswith("data: ") and line != "data: [DONE]":
                yield json.loads(line[6:])["choices"][0]["delta"]["content"]


serve(life, find, answer)
