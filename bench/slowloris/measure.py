# SPDX-License-Identifier: Apache-2.0
"""measure.py STOA CONNECTIONS ROUNDS: starts `stoa up` in a temporary folder and asks it for a page
at a fixed rate, in turn alone and beside a process that holds CONNECTIONS which send one byte of a
head every two seconds, each opened again once the server has closed it."""

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

SECONDS = 12  # of each measurement
PER_SECOND = 200  # requests of the good client
TRICKLE_SECONDS = 2
CLOSE_SECONDS = 30  # more than the server's deadline for a head (10 s) and lingering (2 s)
HEAD = b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: "


class Slow:
    """One process' slow connections, on one epoll."""

    def __init__(self, port, count):
        self.port = port
        self.count = count
        self.poll = select.epoll()
        self.open = {}  # descriptor: (socket, opened at)
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

    def trickle(self):
        for peer, _ in self.open.values():
            try:
                peer.send(b"x")
            except OSError:
                pass  # closed: the poll tells

    def run(self, report, stop):
        for _ in range(self.count):
            self.connect()
        report.send("open")
        stops_at = None
        trickled = 0.0
        while self.open and (stops_at is None or time.monotonic() < stops_at):
            for descriptor, _ in self.poll.poll(0.1):
                self.drop(descriptor)
            if stops_at is None:
                while len(self.open) < self.count:
                    self.connect()
                if stop.is_set():
                    stops_at = time.monotonic() + CLOSE_SECONDS
            if time.monotonic() - trickled > TRICKLE_SECONDS:
                trickled = time.monotonic()
                self.trickle()
        report.send((self.lives, len(self.open)))


def attack(port, count, report, stop):
    os.nice(19)  # elsewhere in earnest: its own work should not be what is measured
    Slow(port, count).run(report, stop)


def ask(peer):
    peer.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
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


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(port, pid):
    """(p50, p99 in ms, the server's CPU in percent of one core)"""
    before, started = cpu_seconds(pid), time.monotonic()
    taken = sorted(good_client(port))
    cpu = 100 * (cpu_seconds(pid) - before) / (time.monotonic() - started)
    return (1000 * taken[len(taken) // 2], 1000 * taken[len(taken) * 99 // 100], cpu)


def one_round(port, pid, count):
    alone = measured(port, pid)
    here, there = multiprocessing.Pipe()
    stop = multiprocessing.Event()
    process = multiprocessing.Process(target=attack, args=(port, count, there, stop))
    process.start()
    assert here.recv() == "open"
    beside = measured(port, pid)
    stop.set()
    lives, left = here.recv()
    process.join()
    return alone, beside, lives, left


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
    print("             p50 ms   p99 ms   server CPU")
    for name, index in (("alone", 0), (f"{count} slow", 1)):
        median = [statistics.median(r[index][i] for r in results) for i in range(3)]
        print(f"{name:12} {median[0]:6.2f}   {median[1]:6.2f}   {median[2]:9.1f}%")
    ratio = statistics.median(r[1][1] / r[0][1] for r in results)
    lives = [life for r in results for life in r[2]]
    print(f"p99 ratio: {ratio:.2f} (median of {rounds} rounds)")
    print(
        f"closed by the server: {len(lives)}, the oldest after {max(lives):.1f} s; "
        f"still open {CLOSE_SECONDS} s after the end: {sum(r[3] for r in results)}"
    )


if __name__ == "__main__":
    main()
