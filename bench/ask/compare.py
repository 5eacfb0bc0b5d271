# SPDX-License-Identifier: Apache-2.0
"""`./dev bench ask`: Stoa and its peers in turn, 20 questions a second each, in front of one
stand-in for a language model; prints what each adds to the model's own time, and the ratios. The
target is judged by the first peer, LangChain; the second is as lean as Python gets.

    compare.py ROUNDS
"""

import asyncio
import itertools
import json
import os
import statistics
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/functional"), str(ROOT / "bench")]

import machine  # noqa: E402
import psycopg  # noqa: E402
import requests  # noqa: E402
from stack import MODEL, Program, Stack, free_port, wait_until  # noqa: E402

RATE, SECONDS = 20, 15
# Not counted: caches hold what the contender before needed, and idle memory was put aside.
LEAD_SECONDS = 5
WARM_SECONDS = 15
TARGET = 1 / 5
PEERS = {
    "FastAPI, LangChain": "langchain_peer.py",
    "FastAPI, psycopg and httpx by hand": "peer.py",
}
TOLD = "before", "after", "late"
numbers = itertools.count(1)


def text_of_documentation():
    """Something real to ask about that is always there: this project's own documents."""
    files = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/*.md"))]
    files += sorted(ROOT.glob("src/*/README.md"))
    return "\n\n".join(file.read_text() for file in files)


def questions_about(text):
    """Each sentence of some length, asked for."""
    sentences = [part.strip() for part in text.replace("\n", " ").split(". ")]
    fitting = [part for part in sentences if 40 < len(part) < 120 and "|" not in part]
    return [f"What is said of this: {part}?" for part in fitting]


def upload(user, text):
    files = {"file": ("documentation.md", text.encode(), "text/markdown")}
    document = user.http.post("/documents/upload", files=files).json()

    def is_ready():
        got = user.http.get(f"/documents/{document['id']}").json()
        assert got["status"] != "failed", got
        return got["status"] == "ready"

    wait_until("the document is ready", is_ready, 300)
    return document["id"]


def copy_for_peers(stack, user, document):
    """The same chunks in the clear, with the same vectors and the same kind of index."""
    pages = {}
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE peer_chunks (id bigserial PRIMARY KEY, document_id uuid NOT NULL,"
            " page int NOT NULL, text text NOT NULL, embedding vector(384) NOT NULL)"
        )
        rows = connection.execute(
            "SELECT page, text_begin, text_end, embedding::text FROM document_chunks"
            " WHERE document_id = %s ORDER BY ordinal",
            (document,),
        ).fetchall()
        for page, begin, end, embedding in rows:
            if page not in pages:
                got = user.http.get(f"/documents/{document}/pages/{page}").json()
                pages[page] = got["text"].encode()
            text = pages[page][begin:end].decode()
            connection.execute(
                "INSERT INTO peer_chunks (document_id, page, text, embedding)"
                " VALUES (%s, %s, %s, %s::vector)",
                (document, page, text, embedding),
            )
        connection.execute(
            "CREATE INDEX ON peer_chunks USING hnsw (embedding vector_cosine_ops)"
        )
        connection.execute("CREATE INDEX ON peer_chunks (document_id)")
        connection.execute("ANALYZE peer_chunks")
    return len(rows)


class Contender:
    """A server, how it is asked, and what was measured of it in each round."""

    def __init__(self, name, url, path, body, headers=""):
        self.name, self.path, self.body, self.headers = name, path, body, headers
        parts = urlsplit(url)
        self.host, self.port = parts.hostname, parts.port
        self.rounds = []

    def every_round(self):
        """A 99th percentile of one round would be its third slowest answer."""
        added = [one for turn in self.rounds for one in turn["added"]]
        return quantiles(added)

    def request(self, question):
        body = json.dumps(self.body(question)).encode()
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: {self.host}\r\nContent-Type: application/json\r\n"
            f"Accept: text/event-stream\r\nConnection: close\r\n{self.headers}"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


async def ask_once(contender, question, due):
    """When the question was due; when it was sent, over a new connection; and when its whole answer
    was there."""
    reader, writer = await asyncio.open_connection(contender.host, contender.port)
    sent = time.monotonic()
    writer.write(contender.request(question))
    answer = await reader.read(-1)
    done = time.monotonic()
    writer.close()
    assert b" 200 OK" in answer[:32] and b"event: done" in answer, answer[:2_000]
    return due, sent, done


async def ask_steadily(contender, questions, seconds):
    """At the fixed rate, whatever becomes of those before."""
    begun = time.monotonic()
    asked = {}
    for i in range(int(RATE * seconds)):
        due = begun + i / RATE
        await asyncio.sleep(max(0, due - time.monotonic()))
        number = next(numbers)
        question = f"{questions[number % len(questions)]} (question {number})"
        asked[number] = asyncio.create_task(ask_once(contender, question, due))
    return {number: await task for number, task in asked.items()}


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def quantiles(added):
    return {"p50": quantile(added, 0.5), "p99": quantile(added, 0.99)}


def measure(contender, questions, model_url, seconds):
    asked = asyncio.run(ask_steadily(contender, questions, LEAD_SECONDS + seconds))
    counted = list(asked.items())[LEAD_SECONDS * RATE :]
    times = requests.get(model_url + "/times", timeout=10).json()
    late, before, after, added = [], [], [], []
    for number, (due, sent, done) in counted:
        begun, ended = times[str(number)]
        late.append((sent - due) * 1_000)
        before.append((begun - sent) * 1_000)
        after.append((done - ended) * 1_000)
        added.append((done - sent - (ended - begun)) * 1_000)
    return {
        "added": added,
        **quantiles(added),
        "before": quantile(before, 0.5),
        "after": quantile(after, 0.5),
        "late": quantile(late, 0.99),
    }


def start_program(stack, name, command, url):
    program = Program(name, command, stack.dir)
    stack.programs[name] = program

    def is_up():
        assert program.running(), program.tail()
        return requests.get(url, timeout=2).ok

    wait_until(f"{name} answers", is_up, 120)


def start_contenders(stack, user, document, model_url):
    node = stack.start_node({"STOA_LLM_BASE_URL": model_url})
    yield Contender(
        "Stoa",
        node,
        f"/api/v1/documents/{document}/chat",
        lambda question: {"question": question},
        f"Authorization: Bearer {user.token}\r\n",
    )
    for name, script in PEERS.items():
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        tail = [str(port), stack.database_url, str(MODEL), model_url]
        start_program(
            stack, script, [sys.executable, Path(__file__).parent / script, *tail], url + "/"
        )
        yield Contender(
            name,
            url,
            "/ask",
            lambda question: {"question": question, "document_id": document},
        )


def print_tables(contenders):
    print(
        "\n| added to the model's time | p50 | p99 | of the p50: before the model | after it"
        " | sent late by the client, p99 |"
    )
    print("| --- | --- | --- | --- | --- | --- |")
    for one in contenders:
        every = one.every_round()
        cells = [every["p50"], every["p99"]]
        cells += [statistics.median(turn[key] for turn in one.rounds) for key in TOLD]
        print(f"| {one.name} | " + " | ".join(f"{cell:.1f} ms" for cell in cells) + " |")
    ours, *peers = contenders
    for peer, target in zip(peers, (f"target: p99 at most {TARGET:.2f}", "no target"), strict=True):
        print(f"\n| of {peer.name} ({target}) | p50 | p99 |")
        print("| --- | --- | --- |")
        rounds = list(zip(ours.rounds, peer.rounds, strict=True))
        pairs = [(f"round {number}", *pair) for number, pair in enumerate(rounds, start=1)]
        pairs.append(("all rounds", ours.every_round(), peer.every_round()))
        for name, our, its in pairs:
            cells = [
                f"{our[key] / its[key]:.3f} of its ({our[key]:.1f} to {its[key]:.1f} ms)"
                for key in ("p50", "p99")
            ]
            print(f"| {name} | " + " | ".join(cells) + " |")


def main():
    rounds = int(sys.argv[1])
    if not 1 <= rounds <= 9:
        sys.exit("bench ask: 1 to 9 rounds")
    load_before = os.getloadavg()[0]
    # Logging as it comes; no limits: the peer has none.
    settings = {
        "STOA_LOG_LEVEL": "info",
        "STOA_RATE_LIMIT_PERCENT": "0",
        "STOA_HTTP_ACCESS_LOG": "off",
        "STOA_LLM_TOKENS_PER_USER_PER_DAY": "0",
    }
    stack = Stack(settings)
    try:
        user = stack.new_user()
        text = text_of_documentation()
        document = upload(user, text)
        chunks = copy_for_peers(stack, user, document)
        port = free_port()
        model_url = f"http://127.0.0.1:{port}/v1"
        command = [sys.executable, Path(__file__).parent / "model.py", str(port)]
        start_program(stack, "model", command, f"http://127.0.0.1:{port}/times")
        contenders = list(start_contenders(stack, user, document, model_url))
        questions = questions_about(text)
        for one in contenders:
            measure(one, questions, f"http://127.0.0.1:{port}", WARM_SECONDS)
        for _ in range(rounds):
            for one in contenders:
                turn = measure(one, questions, f"http://127.0.0.1:{port}", SECONDS)
                one.rounds.append(turn)
    finally:
        stack.close()
    print(machine.describe(load_before))
    print(
        f"{rounds} rounds of {SECONDS} s at {RATE} questions a second, {LEAD_SECONDS} s before "
        f"them not counted; {chunks} chunks; a model that takes 0.65 s for each answer; the client "
        "and the model share the machine"
    )
    print_tables(contenders)


if __name__ == "__main__":
    main()
