# SPDX-License-Identifier: Apache-2.0
"""The edge as operators configure it: proxies in front, limits on connections, the access log."""

import contextlib
import json
import os
import pathlib
import re
import selectors
import socket
import struct
import subprocess
import time

import requests

from stack import BUILD, die_with_parent, free_port, wait_until

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def answered(stoa, url, **wanted):
    """The one access log line that has these values; it may come a moment after the answer."""
    found = []

    def logged():
        found[:] = stoa.nodes[url].log_lines(message="answered", **wanted)
        return found

    wait_until("the answer is logged", logged)
    assert len(found) == 1
    return found[0]


def profile(url, token=None, **headers):
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return requests.get(f"{url}/api/v1/users/profile", headers=headers, timeout=10)


def test_a_proxy_in_front_tells_who_asks(stoa, start):
    url = start(http_trusted_proxies="127.0.0.1, fd00::/8", rate_limit_percent="1")
    forwarded = {"X-Forwarded-For": "198.51.100.1, 203.0.113.5"}
    challenge = f"{url}/api/v1/auth/siws/challenge"
    first = requests.post(challenge, json={}, headers=forwarded, timeout=10)
    assert first.headers["RateLimit-Remaining"] == "0"
    assert requests.post(challenge, json={}, headers=forwarded, timeout=10).status_code == 429
    other = requests.post(challenge, json={}, headers={"X-Forwarded-For": "::1"}, timeout=10)
    assert other.status_code != 429, "each address behind the proxy counts by itself"
    assert answered(stoa, url, client__ip="::1")["stoa.http.route"].endswith("/siws/challenge")


def test_who_is_no_proxy_cannot_tell_another_address(stoa, start):
    url = start(http_trusted_proxies="10.0.0.0/8")
    profile(url, **{"X-Forwarded-For": "203.0.113.5", "User-Agent": "liar"})
    assert answered(stoa, url, user_agent__original="liar")["client.ip"] == "127.0.0.1"


def test_a_network_that_is_none_is_refused_at_the_start(stoa):
    done = stoa.run("serve", STOA_HTTP_TRUSTED_PROXIES="10.0.0.1/8", STOA_HTTP_PORT="0")
    assert done.returncode != 0
    assert "http_trusted_proxies" in done.stderr and "10.0.0.1/8" in done.stderr


def test_too_many_connections_of_one_address_are_told_so(start):
    url = start(http_connections_per_address_max="3")
    address = ("127.0.0.1", int(url.rsplit(":", 1)[1]))
    held = []

    def hold_one():
        held.append(requests.Session())
        return held[-1].get(f"{url}/healthz", timeout=10).status_code

    # The node's own start has asked over connections that may still be closing.
    wait_until("three connections are served", lambda: hold_one() == 200 and len(held) >= 3)
    with socket.create_connection(address, timeout=10) as refused:
        refused.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = b""
        while piece := refused.recv(4096):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 429 ") and b"\r\nConnection: close\r\n" in answer
    assert json.loads(answer.split(b"\r\n\r\n")[1])["code"] == "too_many_connections"
    assert held[-1].get(f"{url}/healthz", timeout=10).ok, "who is in stays in"


def test_a_large_file_comes_and_goes_in_little_memory(stoa, new_user, tmp_path):
    # What AddressSanitizer holds back of freed memory is not the program's.
    asan = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"
    url = stoa.start_node({"ASAN_OPTIONS": asan})
    user = new_user().at(url)
    size = 150 * 1024 * 1024
    file = tmp_path / "large.pdf"
    with file.open("wb") as out:
        out.write(b"%PDF-1.7\n")
        out.truncate(size)

    def peak():  # in bytes
        status = pathlib.Path(f"/proc/{stoa.nodes[url].pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024

    before = peak()
    with file.open("rb") as content:
        answer = user.http.post("/documents/upload", files={"file": ("large.pdf", content)})
    assert answer.status_code == 202, answer.text
    with user.http.get(f"/documents/{answer.json()['id']}/file", stream=True) as whole:
        assert sum(len(piece) for piece in whole.iter_content(1024 * 1024)) == size
    assert peak() - before < size / 5
    stoa.stop_node(url)


def test_each_answer_has_its_line_in_the_log(stoa, start, new_user):
    url = start()
    agent = "canary-agent/1 " + "x" * 1000
    answer = requests.get(
        f"{url}/api/v1/rooms/00000000-0000-7000-8000-000000000000?ticket=canary-ticket",
        headers={"Authorization": "Bearer canary-token", "User-Agent": agent},
        timeout=10,
    )
    line = answered(stoa, url, http__request__id=answer.headers["X-Request-Id"])
    assert line["http.request.method"] == "GET"
    assert line["url.path"] == "/api/v1/rooms/00000000-0000-7000-8000-000000000000"
    assert line["stoa.http.route"] == "/api/v1/rooms/{room_id}"
    assert line["http.response.status_code"] == answer.status_code == 401
    assert 0 < line["event.duration"] < 10_000_000_000
    assert line["client.ip"] == "127.0.0.1"
    assert line["user_agent.original"] == agent[:256]
    log = stoa.nodes[url].log.read_text()
    assert "canary-ticket" not in log and "canary-token" not in log


def test_a_socket_has_its_line_without_its_ticket(stoa, start, new_user):
    url = start()
    user = new_user().at(url)
    room = user.room()["id"]
    ticket = user.http.post("/auth/ws-ticket").json()["ticket"]
    with socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1])), timeout=10) as peer:
        peer.sendall(
            f"GET /ws/rooms/{room}?ticket={ticket} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        assert peer.recv(4096).startswith(b"HTTP/1.1 101 ")
        line = answered(stoa, url, http__response__status_code=101)
    assert line["url.path"] == f"/ws/rooms/{room}"
    assert ticket not in stoa.nodes[url].log.read_text()


def test_the_access_log_can_be_switched_off(stoa, start):
    url = start(http_access_log="off")
    program = stoa.nodes[url]
    assert profile(url).status_code == 401
    stoa.stop_node(url)
    assert program.log_lines(message="stopping")
    assert not program.log_lines(message="answered")


def test_a_trace_goes_from_the_request_into_the_log(stoa, start):
    url = start()
    profile(url, traceparent=TRACEPARENT, **{"User-Agent": "traced"})
    line = answered(stoa, url, user_agent__original="traced")
    assert line["trace.id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    profile(url, traceparent=TRACEPARENT.replace("4736", "473G"), **{"User-Agent": "malformed"})
    line = answered(stoa, url, user_agent__original="malformed")
    assert line["trace.id"] == line["http.request.id"].replace("-", "")


def test_many_who_trickle_their_requests_hinder_nobody_and_are_closed(start):
    url = start(http_connections_per_address_max=2000)
    address = ("127.0.0.1", int(url.rsplit(":", 1)[1]))
    with contextlib.ExitStack() as held:
        slow = [held.enter_context(socket.create_connection(address, 20)) for _ in range(500)]
        for peer in slow:
            peer.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: ")
        open_ones = selectors.DefaultSelector()
        for peer in slow:
            open_ones.register(peer, selectors.EVENT_READ)
        answers = []
        deadline = time.monotonic() + 60
        while open_ones.get_map() and time.monotonic() < deadline:
            assert requests.get(f"{url}/healthz", timeout=10).ok
            for key, _ in open_ones.select(0.2):
                answers.append(key.fileobj.recv(100))
                open_ones.unregister(key.fileobj)
            for key in open_ones.get_map().values():
                key.fileobj.send(b"x")
    assert [answer[:13] for answer in answers] == [b"HTTP/1.1 408 "] * 500


def queued_to(peer):
    """The bytes that the kernel keeps for the peer of a socket on this machine until it reads."""
    ends = [f"0100007F:{port:04X}" for port in (peer.getpeername()[1], peer.getsockname()[1])]
    rows = [row.split() for row in pathlib.Path("/proc/net/tcp").read_text().splitlines()]
    (row,) = [row for row in rows if row[1:3] == ends]
    return int(row[4].split(":")[0], 16)


def wait_until_stuck(peer):
    """Whoever writes to it waits: what is queued is something, and does not grow."""
    last = [0]

    def is_stuck():
        before, last[0] = last[0], queued_to(peer)
        return last[0] > 0 and last[0] == before

    wait_until("the peer is full", is_stuck, every=0.2)


def test_an_answer_that_is_cut_has_its_line_too(stoa, start):
    url = start()
    address = ("127.0.0.1", int(url.rsplit(":", 1)[1]))
    ask = b"GET /openapi.json HTTP/1.1\r\nHost: a\r\nUser-Agent: hasty\r\n\r\n"
    size = len(requests.get(f"{url}/openapi.json", headers={"Accept-Encoding": ""}).content)
    with socket.socket() as peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.connect(address)
        # More than any kernel keeps for a peer that does not read, 16 KiB of requests at a time.
        for _ in range(32 * 1024 * 1024 // size):
            with contextlib.suppress(BlockingIOError):
                peer.send(ask, socket.MSG_DONTWAIT)
        assert peer.recv(15) == b"HTTP/1.1 200 OK"
        wait_until_stuck(peer)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    lines = []

    def is_logged():
        lines[:] = stoa.nodes[url].log_lines(message="cut", user_agent__original="hasty")
        return lines

    wait_until("the cut answer is logged", is_logged)
    assert len(lines) == 1
    assert lines[0]["event.outcome"] == "failure"
    assert lines[0]["http.response.status_code"] == 200
    assert lines[0]["url.path"] == "/openapi.json"
    metrics = requests.get(f"{url}/metrics", timeout=10).text
    assert "\nstoa_http_answers_cut_total 1\n" in metrics


def test_a_method_that_is_none_of_ours_is_told_what_the_path_takes(stoa):
    for method in ("TRACE", "QUERY", "BREW"):
        answer = requests.request(method, f"{stoa.url}/api/v1/rooms/list", timeout=10)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "OPTIONS, GET, HEAD")
        assert answer.json()["code"] == "method_not_allowed"
    nowhere = requests.request("BREW", f"{stoa.url}/nowhere", timeout=10)
    assert (nowhere.status_code, nowhere.json()["code"]) == (501, "method_unknown")


def test_a_log_that_nobody_reads_holds_up_nobody(stoa):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    program = subprocess.Popen(
        [BUILD / "src" / "stoa", "serve"],
        env=stoa.env(STOA_HTTP_PORT=str(port)),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent(),
    )
    try:
        wait_until("it answers", lambda: requests.get(f"{url}/healthz", timeout=2).ok)
        asker = requests.Session()
        asker.headers["User-Agent"] = "x" * 250

        def is_lost():
            for _ in range(500):
                assert asker.get(f"{url}/healthz", timeout=10).ok
            return not re.search(r"^stoa_log_lines_dropped_total 0$", metrics(), re.MULTILINE)

        def metrics():
            return asker.get(f"{url}/metrics", timeout=10).text

        wait_until("more lines than are kept", is_lost)
    finally:
        program.terminate()
        lines = program.communicate(timeout=30)[1].splitlines()
    assert program.returncode == 0
    assert len(lines) > 1000 and all(json.loads(line)["message"] for line in lines)
