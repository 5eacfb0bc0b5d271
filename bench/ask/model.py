# SPDX-License-Identifier: Apache-2.0
"""A stand-in for a language model that speaks OpenAI's chat completions: every answer takes the
same time. GET /times tells, for each question's number, when its request was there and when its
answer was out, on the machine's monotonic clock.

    model.py PORT
"""

import asyncio
import json
import re
import sys
import time

import uvloop

FIRST_SECONDS, PIECES, PIECE_SECONDS = 0.25, 20, 0.02
NUMBER = re.compile(rb"\(question (\d+)\)")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n"
times = {}


def chunk(body):
    return b"%x\r\n%s\r\n" % (len(body), body)


def event(data):
    return chunk(b"data: " + data + b"\n\n")


def piece(text, finish=None):
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return event(json.dumps({"model": "stand-in", "choices": [choice]}).encode())


async def read_request(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    return head, await reader.readexactly(int(length[1])) if length else b""


async def answer(writer, body):
    begun = time.monotonic()
    number = int(NUMBER.findall(body)[-1])
    await asyncio.sleep(FIRST_SECONDS)
    writer.write(HEAD % b"text/event-stream")
    due = time.monotonic()
    for i in range(PIECES):
        writer.write(piece(f"That is piece {i} of it. "))
        await writer.drain()
        due += PIECE_SECONDS
        await asyncio.sleep(max(0, due - time.monotonic()))
    writer.write(piece("", "stop") + event(b"[DONE]") + b"0\r\n\r\n")
    await writer.drain()
    times[number] = (begun, time.monotonic())


async def serve(reader, writer):
    try:
        while True:
            head, body = await read_request(reader)
            if head.startswith(b"GET /times"):
                text = json.dumps(times).encode()
                writer.write(HEAD % b"application/json" + chunk(text) + b"0\r\n\r\n")
            else:
                await answer(writer, body)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]), backlog=512)
    await server.serve_forever()


uvloop.run(main())
