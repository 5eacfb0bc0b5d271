# SPDX-License-Identifier: Apache-2.0
"""Canaries: words that stand for secrets and for what people wrote are put in wherever something
can be put in, things are made to fail, and then everything that the run wrote is searched."""

import base64
import http.server
import json
import os
import threading
import urllib.parse
import uuid

import pytest
import requests
from solders.keypair import Keypair

import pdfs
from room_client import RoomClient
from stack import BUILD, Program, Stack, free_port, wait_until
from test_documents import uploaded, wait_done


# What the access log tells on purpose: the path without its query, and the User-Agent.
ACCESS_LOG = {"path", "id", "agent"}


def forms_of(word):
    """The word as something may write it: plain, percent-encoded, in hex, in Base64 amid other
    bytes. All in lower case."""
    forms = {word, word.encode().hex(), urllib.parse.quote_plus(word)}
    forms |= {urllib.parse.quote(word, safe=safe) for safe in ("", "/")}
    for before in range(3):
        packed = base64.b64encode(bytes(before) + word.encode())
        # The first and the last characters have bits of what stands beside the word.
        packed = packed.rstrip(b"=")[-(-before * 8 // 6) : -1].decode()
        forms |= {packed, packed.translate(str.maketrans("+/", "-_"))}
    return {form.lower() for form in forms}


class Canaries:
    """Each is made once by its place, so that a find names where the word came in."""

    def __init__(self):
        self.words = {}

    def __call__(self, place):
        return self.words.get(place) or self.add(place, f"canary{uuid.uuid4().hex}")

    def add(self, place, secret):
        self.words[place] = secret
        return secret

    def found_in(self, text):
        text = text.lower()
        return sorted(
            place
            for place, word in self.words.items()
            if any(form in text for form in forms_of(word))
        )


@pytest.mark.parametrize("encoded", [str.upper, urllib.parse.quote, lambda w: w.encode().hex()])
def test_a_canary_is_found_however_it_is_written(encoded):
    canary = Canaries()
    canary.add("a", "a/canary+of many=signs?")
    assert canary.found_in("before " + encoded(canary("a")) + " behind") == ["a"]
    for before in range(4):
        for pack in (base64.b64encode, base64.urlsafe_b64encode):
            packed = pack(b"x" * before + canary("a").encode() + b"\xff" * 5).decode()
            assert canary.found_in(packed) == ["a"], packed
    assert canary.found_in("a/canary+of many=sign") == []


class Echo(http.server.BaseHTTPRequestHandler):
    """A language model's server at its worst: refuses, and repeats all it was told."""

    statuses = [500, 401, 200]

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        said = json.dumps({"error": {"message": str(self.headers) + body.decode()}}).encode()
        status = self.statuses[self.server.count % len(self.statuses)]
        self.server.count += 1
        self.send_response(status)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def echo():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.count = 0
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()


def plant_in_requests(stack, canary, user, room):
    """What a client may send, right and wrong; the answers are its own."""
    ask = user.http
    base = stack.url + "/api/v1"
    ask.post(f"/rooms/{room['id']}/messages", json={"content": canary("message")})
    message = {"content": canary("message"), "client_msg_id": canary("client id")}
    for _ in range(2):  # the second time it was sent before
        assert ask.post(f"/rooms/{room['id']}/messages", json=message).status_code == 201
    ask.post(f"/rooms/{room['id']}/messages", json=message | {canary("field name"): 1})
    ask.get(f"/rooms/{room['id']}/messages", params={"q": canary("search")})
    ask.patch("/users/profile", json={"name": canary("name"), "bio": canary("bio")})
    username, refused = (
        canary.add(place, f"canary{uuid.uuid4().hex}"[:30])  # no longer one is taken
        for place in ("username", "refused username")
    )
    for name, status in ((username, 200), (refused.upper(), 422)):
        assert ask.patch("/users/profile", json={"username": name}).status_code == status
    taken = stack.new_user().http.patch("/users/profile", json={"username": username})
    assert taken.status_code == 409, taken.text
    ask.post("/rooms/create", json={"name": canary("room"), "room_type": canary("enum")})
    ask.post("/rooms/create", data='{"name": "' + canary("broken JSON"))
    ask.post("/rooms/join", json={"room_id": room["id"], "invite_code": canary("invite")})
    ask.get(f"/{canary('path')}/x", params={canary("query name"): canary("query value")})
    ask.get(f"/users/{canary('id')}")
    ask.get("/rooms/list", params={"cursor": canary("cursor")})
    ask.get("/rooms/list", headers={"Cookie": canary("cookie"), "User-Agent": canary("agent")})
    ask.get("/rooms/list", headers={"traceparent": canary("traceparent")})
    ask.get("/rooms/list", headers={"X-Forwarded-For": canary("forwarded")})
    ask.post("/rooms/create", json={"name": "a"}, headers={"Idempotency-Key": canary("key")})
    for header in (f"Bearer {canary('bearer')}", canary("authorization")):
        requests.get(base + "/users/profile", headers={"Authorization": header}, timeout=10)
    requests.post(base + "/auth/refresh", json={"refresh_token": canary("refresh")}, timeout=10)
    proof = {
        "address": user.address,
        "signed_message": base64.b64encode(canary("SIWS text").encode()).decode(),
        "signature": canary.add("signature", base64.b64encode(os.urandom(64)).decode()),
    }
    canary.add("signed message", proof["signed_message"])
    requests.post(base + "/auth/wallet/verify", json=proof, timeout=10)


def plant_wallets(stack, canary, user):
    """A wallet tells who someone is: also one that is refused, or linked and gone again."""
    second, other = Keypair(), stack.new_user()
    address = canary.add("second wallet", str(second.pubkey()))
    for someone, statuses in ((user, (200, 401)), (other, (409,))):
        asked = someone.http.post("/auth/wallet/connect", json={"address": address})
        message = asked.json()["message"].encode()
        signature = base64.b64encode(bytes(second.sign_message(message))).decode()
        proof = {
            "address": address,
            "signed_message": base64.b64encode(message).decode(),
            "signature": canary.add(f"signature for {someone.id}", signature),
        }
        for status in statuses:
            answer = someone.http.post("/auth/wallet/verify", json=proof)
            assert answer.status_code == status, answer.text
    stranger = canary.add("unknown wallet", str(Keypair().pubkey()))
    user.http.post("/auth/wallet/verify", json=proof | {"address": stranger})
    user.http.post("/auth/wallet/disconnect", json={"address": stranger})
    user.http.post("/auth/wallet/connect", json={"address": canary("malformed wallet")})
    gone = user.http.post("/auth/wallet/disconnect", json={"address": address})
    assert gone.status_code == 204, gone.text


def plant_in_sockets(stack, canary, user, room):
    ticket = canary.add("ticket", user.http.post("/auth/ws-ticket").json()["ticket"])
    client = RoomClient(stack.url, room["id"], ticket=ticket)
    client.wait_for("ready")
    client.socket.send(json.dumps({"type": "chat_message", "data": {"content": canary("frame")}}))
    client.socket.send(json.dumps({"type": canary("frame type"), "data": {}}))
    client.socket.send("{" + canary("broken frame"))
    wait_until("the broken frame is refused", lambda: len(client.frames) >= 4 or client.closed_with)
    client.socket.close()
    path = f"{stack.url}/ws/rooms/{room['id']}"
    headers = {"Sec-WebSocket-Protocol": f"stoa.v1, bearer.{canary('protocol')}"}
    requests.get(path, params={"ticket": canary("dead ticket")}, headers=headers, timeout=10)


def plant_in_documents(stack, canary, user, room):
    text = pdfs.pdf([[f"The secret word of this page is {canary('document text')}."]])
    good = uploaded(
        user, text, name=canary("file name") + ".pdf", title=canary("title"), room_id=room["id"]
    )
    assert wait_done(user, good)["status"] == "ready"
    bad = uploaded(user, b"%PDF-1.4\n" + canary("damaged PDF").encode())
    assert wait_done(user, bad)["status"] == "failed"
    user.http.post("/documents/upload", files={canary("part name"): canary("part")})
    user.http.post(f"/documents/{good['id']}/chat", json={"question": canary("question")})
    return good


def plant_in_the_model(stack, canary, user, document, echo, read):
    key = canary("LLM key")
    url = stack.start_node(
        {
            "STOA_LLM_BASE_URL": echo,
            "STOA_LLM_API_KEY": key,
            "STOA_LLM_OFFLINE_FALLBACK": "off",
        }
    )
    there = user.at(url)
    for _ in Echo.statuses:
        question = {"question": "What is the secret word? " + canary("question to a model")}
        answer = there.http.post(f"/documents/{document['id']}/chat", json=question)
        assert answer.status_code == 503, answer.text
        assert not set(canary.found_in(answer.text)) & {"LLM key", "document text"}
    read("serve that asks a model", url)
    stack.stop_node(url)


def lose_each_part(stack, canary, user, room):
    message = {"content": canary("message while away"), "client_msg_id": "away"}
    stack.stop_redis()
    user.http.post(f"/rooms/{room['id']}/messages", json=message)
    stack.start_redis()
    document = uploaded(user, pdfs.pdf([[canary("text of a killed job")]] * 30))
    stack.kill_worker()
    stack.stop_postgres()
    user.http.post(f"/rooms/{room['id']}/messages", json=message)
    stack.start_postgres()
    stack.start_worker()
    stack.wait_ready()
    assert wait_done(user, document)["status"] == "ready"


BAD_SETTINGS = [
    ("STOA_DATABASE_URL", "postgresql://stoa:{}@[::1/db"),
    ("STOA_DATABASE_URL", "postgresql://stoa:{}@127.0.0.1:port/db"),
    ("STOA_DATABASE_URL", "postgresql://stoa:half@{}@127.0.0.1:1/db"),
    ("STOA_DATABASE_URL", "postgresql://stoa:{}@127.0.0.1:1/db"),
    ("STOA_DATABASE_URL", "host=127.0.0.1 port=1 password={}"),
    ("STOA_DATABASE_URL", "password {}"),
    ("STOA_DATABASE_URL", "{}"),
    ("STOA_REDIS_URL", "redis://user:{}@127.0.0.1:1/0"),
    ("STOA_REDIS_URL", "redis://user:{}@127.0.0.1:port/0"),
    ("STOA_REDIS_URL", "redis:/user:{}@127.0.0.1"),
    ("STOA_MASTER_KEY", "{}"),
    ("STOA_MASTER_KEY_PREVIOUS", "{}"),
    ("STOA_DATABSE_URL", "postgresql://stoa:{}@127.0.0.1/db"),
    ("STOA_LLM_KEY", "{}"),
    ("STOA_LLM_BASE_URL", "https://user:{}@gateway.example/v1"),
    ("STOA_LLM_FALLBACK_BASE_URL", "https://{}@gateway.example/v1"),
]


def start_badly(stack, name, command, port, given):
    """Runs until it has ended or serves."""
    arguments = [BUILD / "src" / "stoa", command]
    if command == "check-config":
        arguments.append("--print-config")
    ports = {"STOA_HTTP_PORT": str(port), "STOA_WORK_HTTP_PORT": str(port)}
    program = Program(name, arguments, stack.dir, env=stack.env(**ports, **given))
    stack.programs[name] = program
    wait_until(
        f"{command} with {given} has begun or ended",
        lambda: not program.running() or '"event.action":"start"' in program.tail(),
        20,
    )
    return program


def plant_in_settings(stack, canary):
    for number, (name, value) in enumerate(BAD_SETTINGS):
        given = {name: value.format(canary(f"{name} {value}"))}
        for command in ("serve", "work", "migrate", "check-config"):
            port = free_port()
            program = start_badly(stack, f"bad-{number}-{command}", command, port, given)
            for path in ("/readyz", "/metrics", "/api/v1/rooms/list"):
                if command in ("serve", "work") and program.running():
                    answer = requests.get(f"http://127.0.0.1:{port}{path}", timeout=20)
                    assert canary.found_in(answer.text) == [], (name, value, path)
            program.stop()


@pytest.fixture(scope="module")
def run(echo):
    """(The canaries, everything that was written by name)"""
    canary = Canaries()
    worker_port = free_port()
    master_key = os.urandom(32)
    canary.add("master key in Base64", base64.b64encode(master_key).decode())
    stack = Stack(
        env={
            "STOA_WORK_HTTP_PORT": str(worker_port),
            "STOA_MASTER_KEY": canary.add("master key", master_key.hex()),
            "STOA_LLM_API_KEY": canary("unused LLM key"),
        }
    )
    stack.database_url += " password=" + canary("database password")
    written = {}

    def read(name, url):
        for path in ("/metrics", "/readyz", "/version", "/healthz"):
            written[name + path] = requests.get(url + path, timeout=10).text

    user = stack.new_user()
    canary.add("wallet", user.address)
    canary.add("access token", user.token)
    canary.add("refresh token", user.refresh_token)
    room = user.room(name=canary("room name"), description=canary("room description"))
    plant_in_requests(stack, canary, user, room)
    plant_wallets(stack, canary, user)
    plant_in_sockets(stack, canary, user, room)
    document = plant_in_documents(stack, canary, user, room)
    plant_in_the_model(stack, canary, user, document, echo, read)
    worker_url = f"http://127.0.0.1:{worker_port}"
    read("worker before it is killed", worker_url)
    lose_each_part(stack, canary, user, room)
    plant_in_settings(stack, canary)
    read("serve", stack.url)
    read("worker", worker_url)
    names = [name for name in stack.programs if name != "redis"]
    stack.close_programs()
    for name in names:
        written[name] = stack.programs[name].log.read_text(errors="replace")
    yield canary, written
    stack.close()


def test_nothing_secret_or_private_was_written(run):
    canary, written = run
    assert len(canary.words) > 50 and all(len(word) > 20 for word in canary.words.values())
    leaks = {
        name: sorted(set(canary.found_in(text)) - (ACCESS_LOG if "serve-" in name else set()))
        for name, text in written.items()
    }
    assert {name: places for name, places in leaks.items() if places} == {}


def test_the_run_was_worth_searching(run):
    """Each kind of failure has left its line, and each part its metrics."""
    _, written = run
    for name in ("worker before it is killed", "worker"):
        assert "stoa_jobs_" in written[name + "/metrics"], written[name + "/metrics"]
    for name in ("serve that asks a model", "serve"):
        assert "stoa_http_requests_total" in written[name + "/metrics"]
    everything = "\n".join(written.values())
    for expected in (
        "PostgreSQL does not answer",
        "Redis does not answer",
        "the language model failed",
        "reading a document ended early",
        "master_key",
        "is no setting",
        "a job is done",
    ):
        assert expected in everything, expected
