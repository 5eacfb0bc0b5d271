# SPDX-License-Identifier: Apache-2.0
"""`./dev bench ingest`: a long PDF, and many small documents at once, from upload to `ready`, on
Stoa (serve, work, Redis, PostgreSQL) and on the script of peer.py over the same PostgreSQL;
prints the ratios.

    compare.py DOCUMENTS_DIR ROUNDS

"""

import concurrent.futures
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/functional"), str(ROOT / "bench")]

import machine  # noqa: E402
import psycopg  # noqa: E402
from stack import MODEL, Http, Stack, wait_until  # noqa: E402

UPLOADERS = 2


class Stoa:
    name = "Stoa"

    def __init__(self, stack):
        self.stack = stack
        self.user = stack.new_user()
        self.pids = [p.pid for name, p in stack.programs.items() if name != "postgres"]

    def upload(self, file):
        http = Http(self.stack.url)
        http.headers["Authorization"] = self.user.http.headers["Authorization"]
        with file.open("rb") as source:
            answer = http.post(
                "/documents/upload",
                data={"allow_duplicate": "true"},
                files={"file": (file.name, source)},
            )
        assert answer.status_code == 202, answer.text

    def ingest(self, how, files):
        before = sum(map(machine.cpu_seconds, self.pids))
        begun = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(UPLOADERS) as uploaders:
            for done in [uploaders.submit(self.upload, file) for file in files]:
                done.result()
        left = "SELECT count(*) FROM pdf_uploads WHERE status IN ('queued', 'processing')"
        # A connection for each look would cost PostgreSQL a process each.
        with psycopg.connect(self.stack.database_url, autocommit=True) as looker:
            wait_until(
                "all are read", lambda: looker.execute(left).fetchone()[0] == 0, 900, every=0.1
            )
        wall = time.monotonic() - begun
        cpu = sum(map(machine.cpu_seconds, self.pids)) - before
        failed = self.stack.sql("SELECT error FROM pdf_uploads WHERE status = 'failed'")
        assert not failed, failed
        return {"wall": wall, "cpu": cpu, "chunks": self.count("document_chunks")}

    def count(self, table):
        return self.stack.sql(f"SELECT count(*) FROM {table}")[0][0]

    def clear(self):
        self.stack.sql("TRUNCATE pdf_uploads CASCADE")


class Script:
    def __init__(self, stack, how):
        self.name, self.stack, self.how = f"script, {how}", stack, how

    def start(self, process):
        self.process = process

    def ingest(self, _, files):
        list_file = self.stack.dir / "files.json"
        list_file.write_text(json.dumps(list(map(str, files))))
        self.process.stdin.write(f"{self.how} {list_file}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the peer ended"
        return json.loads(line)

    def clear(self):
        self.stack.sql("TRUNCATE peer.documents CASCADE")


def measure(contenders, files, rounds, postgres):
    turns = {one.name: [] for one in contenders}
    for number in range(rounds):
        for one in contenders if number % 2 == 0 else contenders[::-1]:
            one.stack.sql("CHECKPOINT")
            before = machine.cpu_seconds(postgres)
            turn = one.ingest(None, files)
            turn["postgres"] = machine.cpu_seconds(postgres) - before
            turn["whole"] = turn["cpu"] + turn["postgres"]
            turns[one.name].append(turn)
            one.clear()
    return turns


def print_table(title, turns):
    ours, *others = turns.items()
    print(f"\n### {title}\n")
    print(
        "| | wall | CPU | PostgreSQL | chunks | ours by wall | by CPU | by CPU with PostgreSQL |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- |"
    )
    for name, rounds in [ours, *others]:
        keys = ("wall", "cpu", "postgres")
        row = [f"{statistics.median(turn[key] for turn in rounds):.1f} s" for key in keys]
        row.append(str(rounds[0]["chunks"]))
        for key in ("wall", "cpu", "whole"):
            pairs = zip(ours[1], rounds, strict=True)
            ratio = statistics.median(theirs[key] / our[key] for our, theirs in pairs)
            row.append("" if name == ours[0] else f"{ratio:.2f}x")
        print(f"| {name} |", " | ".join(row), "|")


def main():
    documents, rounds = Path(sys.argv[1]), int(sys.argv[2])
    if not 1 <= rounds <= 5:
        sys.exit("bench ingest: 1 to 5 rounds")
    load = os.getloadavg()[0]
    large, small = [documents / "large.pdf"], sorted((documents / "small").iterdir())
    stack = Stack(env={"STOA_LOG_LEVEL": "info"})
    peer = None
    try:
        command = [sys.executable, Path(__file__).parent / "peer.py", MODEL, stack.database_url]
        peer = subprocess.Popen(
            list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert peer.stdout.readline(), "the peer did not start"
        ours, alone, batched = Stoa(stack), Script(stack, "alone"), Script(stack, "batched")
        for script in (alone, batched):
            script.start(peer)
        for one in (ours, alone):  # what is done once
            one.ingest(None, small[:4])
            one.clear()
        postgres = stack.programs["postgres"].pid
        results = [
            ("one PDF of 194 pages", measure([ours, alone], large, rounds, postgres)),
            (
                f"{len(small)} small documents at once",
                measure([ours, alone, batched], small, rounds, postgres),
            ),
        ]
    finally:
        if peer is not None:
            peer.kill()
            peer.wait()
        stack.close()
    print(f"{machine.describe(load)}; {rounds} rounds")
    for title, turns in results:
        print_table(title, turns)


if __name__ == "__main__":
    main()
