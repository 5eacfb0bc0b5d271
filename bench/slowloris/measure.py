# SPDX-License-Identifier: Apache-2.0
"""measure.py STOA CONNECTIONS ROUNDS: starts `stoa up` in a temporary folder and asks it for a page
that its worker threads make, at a fixed rate, in turn alone, beside a process that holds
CONNECTIONS to a sink, and beside the same with CONNECTIONS to Stoa. Each sends one byte of a head
every two seconds and is opened again once it was closed."""

import collections
import contextlib
import multiprocessing
import os
import pathlib
import re
import resource
import select
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import machine  # noqa: E402

SECONDS = 12  # of each measurement
PER_SECOND = 200  # requests of the good client
TRICKLE_SECONDS = 2
HEAD_SECONDS = 10  # the server's deadline for a head
CLOSE_SECONDS = 30  # more than the server's deadline for a head (10 s) and lingering (2 s)
HEAD = b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: "


class Slow:
    """One process' slow connections, on one epoll: opened evenly over HEAD_SECONDS, as the server
    will close them, and each given a byte in its turn, as if they came from everywhere."""

    def __init__(self, port, count):
        self.port = port
        self.count = count
        self.poll = select.epoll()
        self.open = collections.OrderedDict()  # descriptor: (socket, opened at), next byte first
        self.lives = []  # in seconds, of those that the server closed

    def connect(self):
        peer = socket.socket()
        peer.connect(("127.0.0.1", self.port))
        peer.setblocking(False)
        peer.send(HEAD)
        self.poll.register(peer, select.EPOLLIN | select.EPOLLHUP)
        self.open[peer.fileno()] = (peer, time.monotonic())

    def drop(self, descriptor):
        peer, opened = self.open.pop(descriptor)
        self.poll.unregister(peer)
        peer.close()
        self.lives.append(time.monotonic() - opened)

    def trickle(self, sends):
        for _ in range(min(sends, len(self.open))):
            descriptor, (peer, _) = next(iter(self.open.items()))
            self.open.move_to_end(descriptor)
            try:
                peer.send(b"x")
            except OSError:
                pass  # closed: the poll tells

    def run(self, report, stop):
        started = last = time.monotonic()
        stops_at = None
        is_full = False
        while self.open or stops_at is None:
            now = time.monotonic()
            if stops_at is not None and now > stops_at:
                break
            for descriptor, _ in self.poll.poll(0.01):
                self.drop(descriptor)
            if stops_at is None:
                due = min(self.count, int((now - started) / HEAD_SECONDS * self.count))
                while len(self.open) < due:
                    self.connect()
                if not is_full and due == self.count:
                    is_full = True
                    report.send("open")
                if stop.is_set():
                    stops_at = now + CLOSE_SECONDS
            self.trickle(int((now - last) / TRICKLE_SECONDS * self.count))
            last = now
        report.send((self.lives, len(self.open)))


def give_way():
    """Both are elsewhere in earnest: here they run when nobody else wants to, so that their own
    work is not what is measured."""
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def attack(port, count, report, stop):
    give_way()
    Slow(port, count).run(report, stop)


def sink(report):
    """The control: what such connections cost this machine if nothing is done with them but to
    close each after HEAD_SECONDS."""
    give_way()
    server = socket.create_server(("127.0.0.1", 0), backlog=4096)
    server.setblocking(False)
    report.send(server.getsockname()[1])
    kept = collections.deque()
    while True:
        select.select([server], [], [], 0.01)
        with contextlib.suppress(BlockingIOError):
            while True:
                kept.append((server.accept()[0], time.monotonic()))
        while kept and time.monotonic() - kept[0][1] > HEAD_SECONDS:
            kept.popleft()[0].close()


def ask(peer):
    peer.sendall(b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: a\r\n\r\n")
    answer = b""
    while b"\r\n\r\n{" not in answer:
        piece = peer.recv(4096)
        if not piece:
            sys.exit("bench slowloris: the good client lost its connection")
        answer += piece
    if not answer.startswith(b"HTTP/1.1 200 "):
        sys.exit(f"bench slowloris: the good client got {answer[:40]}")


def good_client(port):
    """Seconds of each request, sent when its time has come whatever became of those before."""
    taken = []
    with socket.create_connection(("127.0.0.1", port), timeout=30) as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        start = time.monotonic()
        for number in range(SECONDS * PER_SECOND):
            due = start + number / PER_SECOND
            time.sleep(max(0.0, due - time.monotonic()))
            ask(peer)
            taken.append(time.monotonic() - due)
    return taken


def measured(port, pid):
    """(p50, p99 in ms, the server's CPU in percent of one core)"""
    before, started = machine.cpu_seconds(pid), time.monotonic()
    taken = sorted(good_client(port))
    cpu = 100 * (machine.cpu_seconds(pid) - before) / (time.monotonic() - started)
    return (1000 * taken[len(taken) // 2], 1000 * taken[len(taken) * 99 // 100], cpu)


def attacked(target, port, pid, count):
    """What `measured` says while `target` is attacked, the lives of the connections, how many were
    still open at the end."""
    here, there = multiprocessing.Pipe()
    stop = multiprocessing.Event()
    process = multiprocessing.Process(target=attack, args=(target, count, there, stop))
    process.start()
    assert here.recv() == "open"
    beside = measured(port, pid)
    stop.set()
    lives, left = here.recv()
    process.join()
    return beside, lives, left


def one_round(port, pid, count):
    alone = measured(port, pid)
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=sink, args=(there,))
    process.start()
    control, _, _ = attacked(here.recv(), port, pid, count)
    process.kill()
    process.join()
    return alone, control, *attacked(port, port, pid, count)


def find_server(log, up):
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and "Ctrl-C stops everything" not in log.read_text():
        if up.poll() is not None:
            sys.exit(log.read_text())
        time.sleep(0.1)
    port = int(re.search(r"http://localhost:(\d+)", log.read_text())[1])
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
            parent = re.search(r"^PPid:\t(\d+)$", (path.parent / "status").read_text(), re.M)[1]
        except OSError:
            continue
        if int(parent) == up.pid and len(words) > 1 and words[1] == b"serve":
            return port, int(path.parent.name)
    sys.exit("bench slowloris: stoa up has no serve")


def main():
    program, count, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if not (1 <= count <= 20_000 and 1 <= rounds <= 5):
        sys.exit("bench slowloris: 1 to 20000 connections, 1 to 5 rounds")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard < count + 200:
        sys.exit(f"bench slowloris: the hard limit of open files is {hard}; raise it")
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder) / "up.log"
        env = {k: v for k, v in os.environ.items() if not k.startswith("STOA_")}
        env.update(
            STOA_HTTP_CONNECTIONS_MAX=str(count * 2),
            STOA_HTTP_CONNECTIONS_PER_ADDRESS_MAX=str(count * 2),
            STOA_HTTP_ACCESS_LOG="off",
        )
        command = [program, "up", "--data", f"{folder}/data", "--port", "0", "--no-demo"]
        with log.open("w") as out:
            up = subprocess.Popen(command, stdout=out, stderr=out, env=env)
        try:
            port, pid = find_server(log, up)
            resource.setrlimit(resource.RLIMIT_NOFILE, (count + 200, hard))
            results = [one_round(port, pid, count) for _ in range(rounds)]
        finally:
            up.send_signal(signal.SIGINT)
            up.wait(60)
    print("                         p50 ms   p99 ms   server CPU")
    names = ("alone", f"{count} slow at a sink", f"{count} slow at Stoa")
    for index, name in enumerate(names):
        median = [statistics.median(r[index][i] for r in results) for i in range(3)]
        print(f"{name:24} {median[0]:6.2f}   {median[1]:6.2f}   {median[2]:9.1f}%")
    for index, name in enumerate(("alone", "the control")):
        ratio = statistics.median(r[2][1] / r[index][1] for r in results)
        print(f"p99 against {name}: {ratio:.2f} (median of {rounds} rounds)")
    lives = [life for r in results for life in r[3]]
    print(
        f"closed by the server: {len(lives)}, the oldest after {max(lives):.1f} s; "
        f"still open {CLOSE_SECONDS} s after the end: {sum(r[4] for r in results)}"
    )


if __name__ == "__main__":
    main()
