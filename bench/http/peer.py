# SPDX-License-Identifier: Apache-2.0
"""GET /api/v1/rooms/{room_id}/messages as one writes it with FastAPI and asyncpg: one process,
uvloop, httptools, orjson, no access log, the statements read from Stoa's own files.

    peer.py PORT CONNINFO JWKS ISSUER SQL_ROOT CONNECTIONS
"""

import contextlib
import json
import sys
from pathlib import Path
from typing import Annotated
from uuid import UUID

import asyncpg
import jwt
import orjson
import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response

PORT, CONNINFO, JWKS, ISSUER, SQL_ROOT, CONNECTIONS = sys.argv[1:]
KEYS = {key["kid"]: jwt.PyJWK(key).key for key in json.loads(JWKS)["keys"]}
SEQ_MAX = 2**63 - 1


def statement(name):
    return (Path(SQL_ROOT) / f"{name}.sql").read_text()


FIND_SESSION = statement("accounts/sql/find_session")
TOUCH_SESSION = statement("accounts/sql/touch_session")
FIND_ACCESS = statement("rooms/sql/find_access")
LIST_BEFORE = statement("chat/sql/list_messages_before")
LIST_AFTER = statement("chat/sql/list_messages_after")


async def keep(_connection):
    """In place of asyncpg's reset, which would cost each request a statement more."""


@contextlib.asynccontextmanager
async def lifespan(app):
    names = dict(part.split("=", 1) for part in CONNINFO.split())
    async with asyncpg.create_pool(
        host=names["host"],
        user=names["user"],
        database=names["dbname"],
        min_size=int(CONNECTIONS),
        max_size=int(CONNECTIONS),
        reset=keep,
    ) as app.state.pool:
        yield


app = FastAPI(lifespan=lifespan, openapi_url=None)


async def connect(request: Request):
    async with request.app.state.pool.acquire() as connection:
        yield connection


Connection = Annotated[asyncpg.Connection, Depends(connect)]


async def authenticate(request: Request, connection: Connection) -> UUID:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise HTTPException(401)
    try:
        key = KEYS[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(token, key, algorithms=["EdDSA"], audience="stoa", issuer=ISSUER)
        user, session = UUID(claims["sub"]), UUID(claims["sid"])
    except (jwt.InvalidTokenError, KeyError, ValueError) as error:
        raise HTTPException(401) from error
    live = await connection.fetchrow(FIND_SESSION, session)
    if live is None or live["user_id"] != user:
        raise HTTPException(401)
    if live["is_stale"]:
        await connection.execute(TOUCH_SESSION, session)
    return user


def message_of(row):
    message = {
        "id": row["id"],
        "room_id": row["room_id"],
        "seq": row["seq"],
        "user": None,
        "message_type": row["message_type"],
        "content": row["content"],
        "reply_to_id": row["reply_to_id"],
        "document_id": row["document_id"],
        "highlight_data": None,
        "reactions": orjson.Fragment(row["reactions"]),
        "is_pinned": row["is_pinned"],
        "is_deleted": row["is_deleted"],
        "nft_mint": row["nft_mint"],
        "client_msg_id": row["client_msg_id"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }
    if row["user_id"] is not None:
        message["user"] = {
            "id": row["user_id"],
            "name": row["name"],
            "username": row["username"],
        }
    if row["highlight_data"] is not None:
        message["highlight_data"] = orjson.Fragment(row["highlight_data"])
    return message


# asyncpg's UUID is a subclass, which orjson hands to `default`.
def as_text(value):
    return str(value)


@app.get("/api/v1/rooms/{room_id}/messages")
async def list_messages(
    room_id: UUID,
    connection: Connection,
    user: Annotated[UUID, Depends(authenticate)],
    before_seq: Annotated[int, Query(ge=0, le=SEQ_MAX)] = SEQ_MAX,
    after_seq: Annotated[int | None, Query(ge=0, le=SEQ_MAX)] = None,
    q: Annotated[str | None, Query(min_length=1, max_length=255)] = None,
    pinned: bool | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
):
    place = await connection.fetchrow(FIND_ACCESS, room_id, user)
    if place is None:
        raise HTTPException(404)
    if place["is_banned"] or not place["is_present"]:
        raise HTTPException(403)
    query = LIST_BEFORE if after_seq is None else LIST_AFTER
    after = -1 if after_seq is None else after_seq
    rows = await connection.fetch(query, room_id, before_seq, after, q, pinned, limit + 1)
    items = [message_of(row) for row in rows[:limit]]
    cursor = str(items[-1]["seq"]) if len(rows) > limit else None
    body = orjson.dumps(
        {"items": items, "next_cursor": cursor}, as_text, orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC
    )
    return Response(body, media_type="application/json")


uvicorn.run(
    app,
    host="127.0.0.1",
    port=int(PORT),
    loop="uvloop",
    http="httptools",
    access_log=False,
    log_level="warning",
)
