# SPDX-License-Identifier: Apache-2.0
"""`./dev bench jobs`: Stoa, Celery and River in turn, each working off a backlog of jobs that do
nothing, then starting jobs that come at a fixed rate; prints the ratios.

    compare.py PROGRAMS_DIR ROUNDS
"""

import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/functional"), str(ROOT / "bench")]

import machine  # noqa: E402
import redis  # noqa: E402
from stack import Program, Stack, wait_until  # noqa: E402

RATE, SECONDS = 500, 10


class BareStack(Stack):
    """PostgreSQL and Redis alone."""

    def start_node(self, env=None):
        return None

    def start_worker(self):
        return None

    def wait_ready(self, url=None):
        return None


class Contender:
    def __init__(self, name, stack, worker, producer, left, backlog, env=None):
        self.name, self.stack, self.worker, self.producer = name, stack, worker, producer
        self.left, self.backlog, self.env = left, backlog, {**os.environ, **(env or {})}
        self.drained, self.steady = [], []

    def start(self):
        self.program = Program(self.name, self.worker, self.stack.dir, env=self.env)
        self.stack.programs[self.name] = self.program
        self.produce("produce", 200)
        wait_until(f"{self.name} works", lambda: self.left() == 0)

    def produce(self, *words):
        subprocess.run([*self.producer, *map(str, words)], env=self.env, check=True, timeout=300)

    def parts(self):
        programs = self.stack.programs
        return {
            "worker": self.program.pid,
            "PostgreSQL": programs["postgres"].pid,
            "Redis": programs["redis"].pid,
        }

    def signal(self, what):
        for pid in machine.family(self.program.pid):
            os.kill(pid, what)

    def drain(self):
        """The backlog is made while the worker is stopped, so that only working it off counts."""
        self.signal(signal.SIGSTOP)
        self.produce("produce", self.backlog)
        parts = self.parts()
        before = {part: machine.cpu_seconds(pid) for part, pid in parts.items()}
        begun = time.monotonic()
        self.signal(signal.SIGCONT)
        wait_until(f"{self.name} is through", lambda: self.left() == 0, 300, every=0.1)
        took = time.monotonic() - begun
        turn = {
            part: (machine.cpu_seconds(pid) - before[part]) / self.backlog * 1e6
            for part, pid in parts.items()
        }
        turn["whole"] = sum(turn.values())
        turn["rate"] = self.backlog / took
        self.drained.append(turn)

    def run_steadily(self):
        self.produce("steady", RATE, SECONDS)
        wait_until(f"{self.name} is through", lambda: self.left() == 0)

    def latencies(self):
        """Of the jobs at the fixed rate, which were the last."""
        self.program.stop()
        lines = self.program.log.read_text().splitlines()
        files = sorted(self.stack.dir.glob("latencies.*")) if self.name == "Celery" else []
        for file in files:  # one for each of its processes
            lines += file.read_text().splitlines()[-RATE * SECONDS // len(files) :]
        numbers = []
        for line in lines:
            try:
                numbers.append(float(line))
            except ValueError:
                continue
        return sorted(numbers[-RATE * SECONDS :])

    def median(self, key):
        return statistics.median(turn[key] for turn in self.drained)


def make_contenders(stack, programs):
    redis_url = f"redis://127.0.0.1:{stack.redis_port}"
    here = Path(__file__).parent
    client = redis.Redis(port=stack.redis_port, db=1)

    def count(statement):
        return lambda: stack.sql(statement)[0][0]

    ours = [programs / "jobs_bench", stack.database_url, redis_url + "/0"]
    peer = [programs / "peer", stack.database_url]
    subprocess.run([*peer, "migrate"], check=True, timeout=60)
    celery = {
        "PEER_REDIS": redis_url + "/1",
        "PEER_LATENCIES": str(stack.dir / "latencies"),
        "PYTHONPATH": str(here),
    }
    yield Contender(
        "Stoa",
        stack,
        [*ours, "work"],
        ours,
        count("SELECT count(*) FROM jobs WHERE state IN ('queued', 'running')"),
        20_000,
    )
    worker = "-m celery -A celery_peer worker -c 2 --pool prefork -l warning"
    yield Contender(
        "Celery",
        stack,
        [sys.executable, *worker.split(), "--without-mingle", "--without-gossip"],
        [sys.executable, here / "celery_peer.py"],
        lambda: client.llen("celery") + client.hlen("unacked"),
        4_000,
        celery,
    )
    yield Contender(
        "River",
        stack,
        [*peer, "work"],
        peer,
        count("SELECT count(*) FROM river_job WHERE state IN ('available', 'running')"),
        20_000,
    )


def print_tables(contenders):
    print("\n| | jobs/s | worker | PostgreSQL | Redis | whole | jobs/CPU-s | start p50 | p99 |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for one in contenders:
        late = one.steady
        print(
            f"| {one.name} | {one.median('rate'):.0f} | {one.median('worker'):.0f} µs "
            f"| {one.median('PostgreSQL'):.0f} µs | {one.median('Redis'):.0f} µs "
            f"| {one.median('whole'):.0f} µs | {1e6 / one.median('whole'):.0f} "
            f"| {late[len(late) // 2] * 1e3:.1f} ms | {late[len(late) * 99 // 100] * 1e3:.1f} ms |"
        )
    ours = contenders[0]
    for one in contenders[1:]:
        ratio = statistics.median(
            b["whole"] / a["whole"] for a, b in zip(ours.drained, one.drained, strict=True)
        )
        print(f"\nagainst {one.name}: {ratio:.2f}x jobs per CPU-second of the whole")


def main():
    programs, rounds = Path(sys.argv[1]), int(sys.argv[2])
    if not 1 <= rounds <= 5:
        sys.exit("bench jobs: 1 to 5 rounds")
    load = os.getloadavg()[0]
    stack = BareStack()
    try:
        contenders = []
        for one in make_contenders(stack, programs):
            contenders.append(one)
            one.start()
            for _ in range(rounds):
                one.drain()
            one.run_steadily()
            one.steady = one.latencies()
    finally:
        stack.close()
    print(f"{machine.describe(load)}; {rounds} rounds, {RATE}/s steadily")
    print_tables(contenders)


if __name__ == "__main__":
    main()
