# SPDX-License-Identifier: Apache-2.0
"""What the peers of `./dev bench ask` have in common: what they are given and asked, the
passages as a prompt, how an answer is streamed. Imported before what it tells of the model.

    …_peer.py PORT DATABASE_URL MODEL_DIR MODEL_URL
"""

import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["TQDM_DISABLE"] = "1"

import uvicorn  # noqa: E402
from fastapi import FastAPI  # noqa: E402
from fastapi.responses import StreamingResponse  # noqa: E402
from pydantic import BaseModel  # noqa: E402

PORT, DATABASE, MODEL, MODEL_URL = sys.argv[1:]
PASSAGES, TOKENS_MAX, CONNECTIONS = 8, 256, 8
RULES = (
    "You answer questions about documents, briefly and exactly, from the passages alone. If they "
    "do not hold the answer, say so."
)


class Question(BaseModel):
    document_id: str
    question: str


def as_passages(found):
    """Of pairs of page and text."""
    return "\n\n".join(f"[{i}] page {page}\n{text}" for i, (page, text) in enumerate(found, 1))


def event(kind, data):
    return f"event: {kind}\ndata: {json.dumps(data)}\n\n"


def serve(life, find, answer):
    """`find(app, question)` gives pairs of page and text, `answer(app, question, found)` the pieces
    of the model's answer."""
    app = FastAPI(lifespan=life)

    @app.get("/")
    async def ready():
        return {}

    @app.post("/ask")
    async def ask(asked: Question):
        found = await find(app, asked)

        async def stream():
            yield event("sources", [{"page": page, "text": text} for page, text in found])
            text = ""
            async for delta in answer(app, asked.question, found):
                text += delta
                yield event("delta", {"delta": delta})
            yield event("done", {"answer": text})

        return StreamingResponse(stream(), media_type="text/event-stream")

    uvicorn.run(app, host="127.0.0.1", port=int(PORT), log_level="warning", access_log=False)
