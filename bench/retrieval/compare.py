# SPDX-License-Identifier: Apache-2.0
"""`./dev bench retrieval`: passages for a question out of sealed chunks, as Stoa keeps them,
against the same statements over a clear copy of the same chunks in the same database, question by
question in turn. The texts are the docstrings of Python's standard library.

    compare.py PROGRAM ROUNDS
"""

import ast
import collections
import os
import random
import statistics
import subprocess
import sys
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/functional"), str(ROOT / "bench")]

import machine  # noqa: E402
import psycopg  # noqa: E402
from stack import Stack  # noqa: E402

CLEAR = Path(__file__).with_name("clear")
CHUNK_CHARACTERS = 1000
CHUNKS_PER_DOCUMENT = 250
CHUNKS_MAX = 20_000


class BareStack(Stack):
    """PostgreSQL alone, with the schema."""

    def start_node(self, env=None):
        return None

    def start_worker(self):
        return None

    def wait_ready(self, url=None):
        return None


def docstrings():
    for file in sorted(Path(os.__file__).parent.rglob("*.py")):
        try:
            tree = ast.parse(file.read_text())
        except (SyntaxError, ValueError, UnicodeDecodeError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
                yield ast.get_docstring(node) or ""


def chunks():
    """Whole words, none longer than a chunk of Stoa's."""
    words = " ".join(docstrings()).replace("\0", " ").split()
    text = ""
    for word in words:
        if len(text) + len(word) >= CHUNK_CHARACTERS:
            yield text
            text = ""
        text += word[:100] + " "


def embedding(rng):
    return "[" + ",".join(f"{rng.gauss(0, 1):.4f}" for _ in range(384)) + "]"


def fill(connection):
    """The clear copy: documents of two people, all of them shared into one room."""
    owner, room = uuid.uuid4(), uuid.uuid4()
    connection.execute((CLEAR / "setup.sql").read_text())
    connection.execute("INSERT INTO users (id) VALUES (%s)", (owner,))
    connection.execute(
        "INSERT INTO study_rooms (id, creator_id, name, room_type) "
        "VALUES (%s, %s, 'A room', 'public')",
        (room, owner),
    )
    connection.execute(
        "INSERT INTO room_participants (room_id, user_id, role) VALUES (%s, %s, 'owner')",
        (room, owner),
    )
    rng = random.Random(1)
    texts = list(chunks())[:CHUNKS_MAX]
    for first in range(0, len(texts), CHUNKS_PER_DOCUMENT):
        document = uuid.uuid4()
        connection.execute(
            "INSERT INTO pdf_uploads (id, user_id, title, file_name, sha256, mime_type, "
            "file_size_bytes, storage_key, status) "
            "VALUES (%s, %s, 'Notes', 'notes.txt', %s, 'text/plain', 1, %s, 'ready')",
            (document, owner, "0" * 64, str(uuid.uuid4())),
        )
        connection.execute(
            "INSERT INTO document_permissions (document_id, room_id, permission_type, granted_by) "
            "VALUES (%s, %s, 'read', %s)",
            (document, room, owner),
        )
        rows = texts[first : first + CHUNKS_PER_DOCUMENT]
        with connection.cursor().copy(
            "COPY clear.document_chunks (id, document_id, ordinal, page, text_begin, text_end, "
            "text, embedding, model, model_version) FROM STDIN"
        ) as copy:
            for ordinal, text in enumerate(rows):
                copy.write_row(
                    (uuid.uuid4(), document, ordinal, ordinal // 4 + 1, 0, len(text), text,
                     embedding(rng), "m", "1")
                )  # fmt: skip
    return len(texts)


def percentile(values, share):
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def main():
    program, rounds = sys.argv[1:]
    load_before = os.getloadavg()[0]
    stack = BareStack()
    try:
        with psycopg.connect(stack.database_url, autocommit=True) as connection:
            count = fill(connection)
            subprocess.run([program, stack.database_url, CLEAR, "seal"], check=True)
            connection.execute("VACUUM ANALYZE")
        told = subprocess.run(
            [program, stack.database_url, CLEAR, "measure", rounds],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout
    finally:
        stack.close()
    print(f"{machine.describe(load_before)}; {count} chunks, {rounds} rounds of 200 questions")
    times = collections.defaultdict(list)
    for line in told.splitlines():
        scope, contender, seconds = line.split()
        times[scope, contender].append(float(seconds))
    for scope in ("document", "room"):
        ours, clear = times[scope, "sealed"], times[scope, "clear"]
        paired = statistics.median(a / b for a, b in zip(ours, clear))
        row = [f"{scope:9}"]
        for name, share in (("p50", 0.5), ("p99", 0.99)):
            a, b = percentile(ours, share), percentile(clear, share)
            row.append(f"{name} {a * 1e3:.2f} ms sealed, {b * 1e3:.2f} ms clear: {a / b:.3f}")
        print("  ".join(row) + f"  median of the questions' ratios {paired:.3f}")


if __name__ == "__main__":
    main()
