# SPDX-License-Identifier: Apache-2.0
"""The peer of `./dev bench ask` by which the target is judged, as such services are mostly written:
LangChain's retriever over pgvector with Sentence-Transformers, its prompt and chat model, behind
FastAPI. Everything that can be made once is made once; everything that can be awaited is. It
checks no access, verifies no quotes and stores nothing. Arguments: peer_service.py
"""

from contextlib import asynccontextmanager

from peer_service import CONNECTIONS, DATABASE, MODEL, MODEL_URL, PASSAGES, RULES, TOKENS_MAX
from peer_service import as_passages, serve

from langchain_core.prompts import ChatPromptTemplate
from langchain_huggingface import HuggingFaceEmbeddings
from langchain_openai import ChatOpenAI
from langchain_postgres import PGEngine, PGVectorStore
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import create_async_engine

PROMPT = ChatPromptTemplate.from_messages(
    [("system", RULES), ("user", "Passages:\n\n{passages}\n\nQuestion: {question}")]
)


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


async def find(app, asked):
    found = await app.store.asimilarity_search(
        asked.question, k=PASSAGES, filter={"document_id": asked.document_id}
    )
    return [(one.metadata["page"], one.page_content) for one in found]


async def answer(app, question, found):
    # Not as PROMPT | model | parser: a chain costs some milliseconds more for each answer.
    prompt = PROMPT.format_messages(passages=as_passages(found), question=question)
    async for piece in app.model.astream(prompt):
        yield piece.content


serve(life, find, answer)
