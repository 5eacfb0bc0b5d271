# SPDX-License-Identifier: Apache-2.0
"""`./dev bench http`: Stoa and its peers in turn over one PostgreSQL; prints the ratios.

compare.py PROGRAMS_DIR ROUNDS
"""

import datetime
import itertools
import json
import os
import statistics
import subprocess
import sys
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/functional"), str(ROOT / "bench")]

import machine  # noqa: E402
import requests  # noqa: E402
from stack import Program, Stack, free_port, wait_until  # noqa: E402

MESSAGES = 60
ROWS = 50
TEXT = (
    "We plot the histogram of week {} twice: {} bins hide the second peak, "
    "which is what the reading asks us about."
)
CONNECTIONS = 16  # of the load generator
POOL = 8  # connections to PostgreSQL: Stoa's default
FULL_SECONDS, FIXED_SECONDS, WARM_SECONDS = 4, 15, 1
FIXED_SHARE = 0.6  # of what FastAPI can do at most


def memory(pid):
    """Resident, and of that the process's own, in MB."""
    kilobytes = dict.fromkeys(("Rss", "Private_Clean", "Private_Dirty"), 0)
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, _, size = line.partition(":")
        if name in kilobytes:
            kilobytes[name] = int(size.split()[0])
    own = kilobytes["Private_Clean"] + kilobytes["Private_Dirty"]
    return kilobytes["Rss"] / 1024, own / 1024


class Contender:
    """A server, and what was measured of it in each round."""

    def __init__(self, name, url, pid, postgres):
        self.name, self.url, self.pid, self.postgres = name, url, pid, postgres
        self.full = []
        self.fixed = []
        self.rss = self.own = 0.0

    def load(self, programs, path, token, seconds, rate=0.0):
        roots = {"server": self.pid, "postgres": self.postgres}
        before = {of: machine.cpu_seconds(pid) for of, pid in roots.items()}
        done = subprocess.run(
            [
                programs / "http_load",
                self.url.removeprefix("http://"),
                path,
                str(CONNECTIONS),
                str(seconds),
                str(rate),
            ],
            env={"TOKEN": token},
            check=True,
            stdout=subprocess.PIPE,
            timeout=seconds + 30,
        )
        result = json.loads(done.stdout)
        result["rate"] = result["requests"] / result["seconds"]
        for of, pid in roots.items():
            result[of] = (machine.cpu_seconds(pid) - before[of]) / result["requests"] * 1e6
        return result

    def median(self, turns, key):
        return statistics.median(turn[key] for turn in turns)


def start_peers(stack, programs):
    """(name, URL, process) of each; they die with the stack."""
    jwks = requests.get(stack.url + "/.well-known/jwks.json", timeout=10).text
    issuer = stack.env()["STOA_PUBLIC_URL"]
    commands = {
        "FastAPI": [sys.executable, Path(__file__).parent / "peer.py"],
        "Go": [programs / "peer"],
    }
    for name, command in commands.items():
        port = str(free_port())
        tail = [port, stack.database_url, jwks, issuer, ROOT / "src", str(POOL)]
        program = Program(name, [*command, *tail], stack.dir)
        stack.programs[name] = program
        url = f"http://127.0.0.1:{port}"

        def is_up(program=program, url=url):
            assert program.running(), program.tail()
            return requests.get(url + "/", timeout=2).status_code == 404

        wait_until(f"{name} answers", is_up)
        yield name, url, program


def fill_room(user):
    room = user.room(name="Statistics")["id"]
    for number in range(MESSAGES):
        answer = user.http.post(
            f"/rooms/{room}/messages",
            json={
                "content": TEXT.format(number, number + 7),
                "client_msg_id": str(uuid.uuid4()),
            },
        )
        assert answer.status_code == 201, answer.text
    return f"/api/v1/rooms/{room}/messages"


def read_page(contender, path, token):
    """The answer with its times parsed: RFC 3339 lets each write the same instant its way."""
    answer = requests.get(
        contender.url + path, headers={"Authorization": f"Bearer {token}"}, timeout=10
    )
    assert answer.status_code == 200, f"{contender.name}: {answer.status_code} {answer.text}"
    page = answer.json()
    for message in page["items"]:
        for name in ("created_at", "updated_at"):
            message[name] = datetime.datetime.fromisoformat(message[name])
    return page


def check_same(contenders, path, token):
    pages = [read_page(one, path, token) for one in contenders]
    assert len(pages[0]["items"]) == ROWS
    for one, page in zip(contenders, pages, strict=True):
        assert page == pages[0], f"{one.name} answers otherwise than {contenders[0].name}"
        for bad in ("", token[:-8] + "AAAAAAAA"):
            refused = requests.get(
                one.url + path, headers={"Authorization": f"Bearer {bad}"}, timeout=10
            )
            assert refused.status_code == 401, f"{one.name} lets in a token that is none"


def ratio(ours, theirs, key):
    """theirs to ours, the median of the rounds' ratios."""
    return statistics.median(b[key] / a[key] for a, b in zip(ours, theirs, strict=True))


def print_tables(ours, peers, rate):
    contenders = [*ours, *peers]
    print(
        "\n| | requests/s | server CPU | requests/server CPU-s | PostgreSQL CPU "
        "| at fixed rate: p50 | p99 | sent late, p99 | resident | of that its own |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for one in contenders:
        server = one.median(one.full, "server")
        print(
            f"| {one.name} | {one.median(one.full, 'rate'):.0f} | {server:.0f} µs "
            f"| {1e6 / server:.0f} | {one.median(one.full, 'postgres'):.0f} µs "
            f"| {one.median(one.fixed, 'p50'):.2f} ms | {one.median(one.fixed, 'p99'):.2f} ms "
            f"| {one.median(one.fixed, 'late_p99'):.2f} ms "
            f"| {one.rss:.1f} MB | {one.own:.1f} MB |"
        )
    print(
        "\n| | against | requests/server CPU-s | the same at fixed rate | requests/s "
        "| p99 at fixed rate | resident |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for our, one in itertools.product(ours, peers):
        print(
            f"| {our.name} | {one.name} | {ratio(our.full, one.full, 'server'):.2f}x "
            f"| {ratio(our.fixed, one.fixed, 'server'):.2f}x "
            f"| {1 / ratio(our.full, one.full, 'rate'):.2f}x "
            f"| {1 / ratio(our.fixed, one.fixed, 'p99'):.2f} of its "
            f"| {our.rss / one.rss:.2f} of its |"
        )
    print(f"\nfixed rate: {rate:.0f}/s")


def measure(stack, programs, rounds):
    user = stack.new_user()
    path = fill_room(user)
    postgres = stack.programs["postgres"].pid
    uncached = stack.start_node({"STOA_PAGE_CACHE_BYTES": "0"})
    ours = [
        Contender(name, url, stack.nodes[url].pid, postgres)
        for name, url in (("Stoa", stack.url), ("Stoa, no page kept", uncached))
    ]
    peers = [
        Contender(name, url, program.pid, postgres)
        for name, url, program in start_peers(stack, programs)
    ]
    contenders = [*ours, *peers]
    check_same(contenders, path, user.token)
    for one in contenders:
        one.load(programs, path, user.token, WARM_SECONDS)
    for _ in range(rounds):
        for one in contenders:
            one.full.append(one.load(programs, path, user.token, FULL_SECONDS))
    rate = FIXED_SHARE * peers[0].median(peers[0].full, "rate")
    for _ in range(rounds):
        for one in contenders:
            one.fixed.append(one.load(programs, path, user.token, FIXED_SECONDS, rate))
    for one in contenders:
        one.rss, one.own = memory(one.pid)
    return ours, peers, rate


def main():
    programs, rounds = Path(sys.argv[1]), int(sys.argv[2])
    if not 1 <= rounds <= 5:
        sys.exit("bench http: 1 to 5 rounds")
    load_before = os.getloadavg()[0]
    # Logging as it comes: a test's stack would log more. No rate limits and no access log: the
    # peers have none.
    settings = {
        "STOA_LOG_LEVEL": "info",
        "STOA_RATE_LIMIT_PERCENT": "0",
        "STOA_HTTP_ACCESS_LOG": "off",
    }
    stack = Stack({**settings, "STOA_POSTGRES_CONNECTIONS_MAX": str(POOL)})
    try:
        ours, peers, rate = measure(stack, programs, rounds)
    finally:
        stack.close()
    print(machine.describe(load_before))
    print(
        f"{rounds} rounds of {FULL_SECONDS} s at full speed and {FIXED_SECONDS} s at a fixed rate; "
        f"{CONNECTIONS} connections; {ROWS} rows"
    )
    print(
        f"one process each, threads as they come: Stoa 1 + {2 * os.cpu_count()}, FastAPI 1, "
        f"Go {os.cpu_count()}; {POOL} connections to PostgreSQL each"
    )
    print_tables(ours, peers, rate)


if __name__ == "__main__":
    main()
