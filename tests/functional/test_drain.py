# SPDX-License-Identifier: Apache-2.0
"""How a node leaves: it says so first, finishes what is under way, and never takes long."""

import contextlib
import csv
import json
import shutil
import signal
import socket
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

import pdfs
from stack import Program, free_port, wait_until
from test_ask import ask
from test_documents import ready

HAPROXY = """
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  retries 3
  option redispatch
  option httpchk GET /readyz
  default-server check inter 200ms fall 1 rise 1
frontend front
  bind 127.0.0.1:{port}
  stats enable
  stats uri /haproxy
  default_backend nodes
backend nodes
  balance roundrobin
  http-reuse always
"""


class LoadBalancer:
    """HAProxy, which asks /readyz of each node five times a second."""

    def __init__(self, ports, folder):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        servers = "".join(f"  server node-{p} 127.0.0.1:{p}\n" for p in ports)
        config = folder / "haproxy.cfg"
        config.write_text(HAPROXY.format(port=port) + servers)
        binary = shutil.which("haproxy") or "/usr/sbin/haproxy"
        self.program = Program("haproxy", [binary, "-f", str(config)], folder)
        wait_until("HAProxy answers", lambda: requests.get(self.url + "/haproxy", timeout=2).ok)

    def status_of(self, port):
        told = requests.get(self.url + "/haproxy;csv", timeout=5).text.lstrip("# ")
        rows = csv.DictReader(told.splitlines())
        return next(row["status"] for row in rows if row["svname"] == f"node-{port}")


class Load:
    """Threads that ask over kept connections until told to stop, and note what fails."""

    def __init__(self, user, threads=6):
        self.user = user
        self.room = user.room()["id"]
        self.stop = threading.Event()
        self.answers = 0
        self.failures = []
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def run(self):
        http = self.user.at(self.user.url).http
        path = f"/rooms/{self.room}/messages"
        while not self.stop.is_set():
            for ask_once in (
                lambda: http.post(
                    path, json={"content": "under load", "client_msg_id": str(uuid.uuid4())}
                ),
                lambda: http.get(path),
            ):
                try:
                    status = ask_once().status_code
                except requests.RequestException as error:
                    status = repr(error)
                with self.lock:
                    self.answers += 1
                    if status not in (200, 201):
                        self.failures.append(status)

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join(60)


@pytest.fixture
def balanced(stoa, start, tmp_path):
    """Two nodes behind a load balancer; their ports and it."""
    ports = [free_port(), free_port()]
    settings = {"http_drain_seconds": 2, "http_trusted_proxies": "127.0.0.1"}
    for port in ports:
        start(port=port, **settings)
    balancer = LoadBalancer(ports, tmp_path)
    for port in ports:
        wait_until("both nodes are up", lambda: balancer.status_of(port).startswith("UP"))
    yield balancer, ports, settings
    balancer.program.stop(signal.SIGKILL)


def test_a_rolling_restart_under_load_fails_no_request(stoa, start, balanced, new_user):
    balancer, ports, settings = balanced
    load = Load(new_user().at(balancer.url))
    try:
        for port in ports:
            url = f"http://127.0.0.1:{port}"
            wait_until("load comes", lambda: load.answers > 100 or load.failures)
            program = stoa.nodes[url]
            stoa.stop_node(url)
            assert program.process.returncode == 0
            assert not program.log_lines(message="What was under way was given up.")
            answers = load.answers
            start(port=port, **settings)
            wait_until("the node is back", lambda: balancer.status_of(port).startswith("UP"))
            wait_until("load went on", lambda: load.answers > answers + 100 or load.failures)
    finally:
        load.end()
    assert load.failures == []


def test_a_node_that_leaves_says_so_before_it_goes(stoa, start):
    url = start(http_drain_seconds=8)
    program = stoa.nodes[url]
    kept = requests.Session()
    assert kept.get(f"{url}/readyz", timeout=10).status_code == 200
    program.process.send_signal(signal.SIGTERM)
    wait_until(
        "readyz is 503", lambda: requests.get(f"{url}/readyz", timeout=10).status_code == 503
    )
    told = kept.get(f"{url}/readyz", timeout=10)
    assert told.json()["status"] == "stopping" and told.headers["Connection"] == "close"
    still = requests.get(f"{url}/healthz", timeout=10)
    assert still.ok and still.headers["Connection"] == "close"
    # Who asks twice does not want to wait.
    program.process.send_signal(signal.SIGTERM)
    program.process.wait(20)
    assert program.process.returncode == 0


def test_a_node_ends_though_a_model_never_answers(stoa, start, new_user):
    with socket.create_server(("127.0.0.1", 0)) as model:
        model.settimeout(30)
        url = start(llm_base_url=f"http://127.0.0.1:{model.getsockname()[1]}/v1", llm_api_key="x")
        user = new_user()
        user.document = ready(user, pdfs.facts_pdf())
        asker = threading.Thread(target=lambda: ask_and_lose(user.at(url)))
        asker.start()
        with model.accept()[0]:
            program = stoa.nodes[url]
            # At most ten seconds; a busy machine may take some more to see it.
            program.stop(signal.SIGTERM, seconds=20)
            assert program.process.returncode == 0
            asker.join(20)
            assert not asker.is_alive()


def tell_a_word(model):
    """Answers as a language model that begins to speak and then falls silent."""
    peer = model.accept()[0]
    peer.recv(65536)
    word = {"model": "m", "choices": [{"delta": {"content": "Caesium "}}]}
    peer.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
        + f"data: {json.dumps(word)}\n\n".encode()
    )
    return peer


class SlowUpload:
    """A piece now and then, as long as they are taken."""

    def __init__(self, user):
        port = int(user.url.rsplit(":", 1)[1])
        self.peer = socket.create_connection(("127.0.0.1", port), 30)
        self.peer.sendall(
            b"POST /api/v1/documents/upload HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n"
            b"Content-Type: multipart/form-data; boundary=xyz\r\n"
            b"Authorization: Bearer " + user.token.encode() + b"\r\n\r\n--xyz\r\n"
            b'Content-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-1.7\n'
        )
        self.sent = 0
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        with contextlib.suppress(OSError):
            while True:
                self.peer.sendall(b"x" * 1000)
                self.sent += 1000
                time.sleep(0.05)


def test_a_node_ends_though_an_upload_and_a_stream_are_under_way(stoa, start, new_user):
    with socket.create_server(("127.0.0.1", 0)) as model:
        model.settimeout(30)
        url = start(llm_base_url=f"http://127.0.0.1:{model.getsockname()[1]}/v1", llm_api_key="x")
        user = new_user()
        document = ready(user, pdfs.facts_pdf())
        with ThreadPoolExecutor(1) as pool:
            speaker = pool.submit(tell_a_word, model)
            stream = user.at(url).http.post(
                f"/documents/{document['id']}/chat",
                json={"question": "At what temperature does caesium boil?"},
                headers={"Accept": "text/event-stream"},
                stream=True,
            )
            lines = stream.iter_lines()
            assert b"event: delta" in iter(lambda: next(lines), b"event: done")
            peer = speaker.result(30)
        upload = SlowUpload(user.at(url))
        wait_until("the upload is under way", lambda: upload.sent > 5_000)
        with peer:
            program = stoa.nodes[url]
            program.stop(signal.SIGTERM, seconds=20)
        assert program.process.returncode == 0
        upload.thread.join(30)
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            list(lines)  # a cut stream is not taken for a whole one
    [(documents,)] = stoa.sql("SELECT count(*) FROM pdf_uploads WHERE user_id = %s", (user.id,))
    assert documents == 1, "half an upload is none"


def ask_and_lose(user):
    with pytest.raises(requests.ConnectionError):
        ask(user, "At what temperature does caesium boil?")
