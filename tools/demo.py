#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""demo.py [--url URL] [--seed] [FILE.pdf]: two people study a document through the public API, and
nothing else.

Signs in with fresh Solana keys, opens a room, uploads a PDF, asks three questions, checks that
every answer's quote stands on the page it names, and chats. Exits non-zero at the first step
that fails.
"""

import argparse
import base64
import json
import pathlib
import sys
import time
import uuid

import nacl.signing
import requests
import websocket

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
# The Debian Developer's Reference, of the package developers-reference.
SAMPLE = pathlib.Path("/usr/share/developers-reference/developers-reference.pdf")
SAMPLE_QUESTIONS = [
    "What is a non-maintainer upload?",
    "How do I orphan a package?",
    "What should I do when I learn of a security bug?",
]


def base58(data):
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = ALPHABET[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


class Failed(Exception):
    pass


def say(text):
    print(text, flush=True)


def check(condition, what):
    if not condition:
        raise Failed(what)


class Person:
    """Someone with a fresh key pair who talks to the public API."""

    def __init__(self, url, name):
        self.url, self.name = url, name
        self.http = requests.Session()
        key = nacl.signing.SigningKey.generate()
        self.address = base58(bytes(key.verify_key))
        challenge = self.call("POST", "/auth/siws/challenge", 200, json={"address": self.address})
        message = challenge["message"].encode()
        session = self.call(
            "POST",
            "/auth/wallet/verify",
            200,
            json={
                "address": self.address,
                "signed_message": base64.b64encode(message).decode(),
                "signature": base64.b64encode(key.sign(message).signature).decode(),
            },
        )
        self.token = session["access_token"]
        self.http.headers["Authorization"] = "Bearer " + self.token
        self.call("PATCH", "/users/profile", 200, json={"name": name})

    def call(self, method, path, status, **more):
        answer = self.http.request(method, self.url + "/api/v1" + path, timeout=120, **more)
        check(
            answer.status_code == status,
            f"{method} {path}: {answer.status_code} instead of {status}: {answer.text[:300]}",
        )
        return answer.json() if answer.content else None

    def open_socket(self, room_id):
        address = self.url.replace("http", "ws", 1) + f"/ws/rooms/{room_id}"
        socket = websocket.create_connection(
            address, header=["Authorization: Bearer " + self.token], timeout=30
        )
        ready = json.loads(socket.recv())
        check(ready["type"] == "ready", f"the socket's first frame is {ready}")
        return socket


def receive(socket, kind):
    """The next frame of a kind; others are passed over."""
    for _ in range(200):
        frame = json.loads(socket.recv())
        check(frame["type"] != "error", f"error frame: {frame}")
        if frame["type"] == kind:
            return frame
    raise Failed(f"no {kind} came")


def upload(person, room_id, file):
    with file.open("rb") as stream:
        document = person.call(
            "POST",
            "/documents/upload",
            202,
            data={"room_id": room_id, "title": file.stem, "allow_duplicate": "true"},
            files={"file": (file.name, stream, "application/pdf")},
        )
    started = time.monotonic()
    while document["status"] in ("queued", "processing"):
        check(time.monotonic() - started < 600, "the document was not ready within 10 minutes")
        done = int((document["progress"] or 0) * 40)
        if sys.stdout.isatty():
            print(
                f"\r   [{'#' * done}{'.' * (40 - done)}] {document['status']:<11}",
                end="",
                flush=True,
            )
        time.sleep(0.2)
        document = person.call("GET", f"/documents/{document['id']}", 200)
    if sys.stdout.isatty():
        print("\r" + " " * 64 + "\r", end="")
    check(
        document["status"] == "ready", f"the document is {document['status']}: {document['error']}"
    )
    say(
        f"   [{'#' * 40}] ready: {document['page_count']} pages"
        f" in {time.monotonic() - started:.1f} s"
    )
    return document


def make_questions(person, document):
    """Three questions out of the document's own words, for a file that is not the sample."""
    questions = []
    for part in (0.25, 0.5, 0.75):
        for number in range(max(1, int(document["page_count"] * part)), document["page_count"] + 1):
            page = person.call("GET", f"/documents/{document['id']}/pages/{number}", 200)
            sentences = [
                s.strip() for s in page["text"].replace("\n", " ").split(". ") if 40 < len(s) < 160
            ]
            if sentences:
                questions.append(f"What is said about this: {sentences[len(sentences) // 2]}?")
                break
    check(questions, "the document has no sentences to ask about")
    return questions


def ask(person, document, question, conversation):
    body = {"question": question, "conversation_id": conversation}
    answer = person.call("POST", f"/documents/{document['id']}/chat", 200, json=body)
    check(answer["answer"].strip(), "the answer is empty")
    check(answer["sources"], f"no source for: {question}")
    source = answer["sources"][0]
    page = person.call("GET", f"/documents/{document['id']}/pages/{source['page']}", 200)
    check(source["quote"] in page["text"], f"the quote does not stand on page {source['page']}")
    check(source["boxes"], "the quote has no boxes")
    say(f"   Q: {question}")
    say(f"   A: {' '.join(answer['answer'].split())[:400]}")
    say(
        f"      page {source['page']}: “{' '.join(source['quote'].split())[:160]}”"
        f"  ({answer['provider']})"
    )
    return answer["conversation_id"]


def chat(alice, bob, room_id):
    socket_a, socket_b = alice.open_socket(room_id), bob.open_socket(room_id)
    lines = [
        (alice, socket_a, "Did you see what it says there?"),
        (bob, socket_b, "Yes! Shall we read on together?"),
    ]
    for person, socket, text in lines:
        socket.send(
            json.dumps(
                {
                    "type": "chat_message",
                    "id": str(uuid.uuid4()),
                    "data": {"content": text, "client_msg_id": str(uuid.uuid4())},
                }
            )
        )
    seen = [[receive(s, "new_message") for _ in lines] for s in (socket_a, socket_b)]
    order = [[(m["seq"], m["data"]["content"]) for m in frames] for frames in seen]
    check(order[0] == order[1], f"the two saw different things: {order}")
    check(
        sorted(text for _, text in order[0]) == sorted(line[2] for line in lines),
        f"a message is missing: {order[0]}",
    )
    for frame in seen[0]:
        say(f"   #{frame['seq']} {frame['data']['user']['name']}: {frame['data']['content']}")
    socket_a.close()
    socket_b.close()


def find_file(given):
    if given:
        check(given.is_file(), f"there is no file {given}")
        return given, None
    check(
        SAMPLE.is_file(), f"no PDF given, and {SAMPLE} is not installed; run it through ./dev demo"
    )
    return SAMPLE, SAMPLE_QUESTIONS


def run(url, given):
    file, questions = find_file(given)
    say(f"1. Alice and Bob sign in at {url} with fresh Solana keys")
    alice, bob = Person(url, "Alice"), Person(url, "Bob")
    say(f"   {alice.address} and {bob.address}")
    say("2. Alice opens a study room, Bob joins")
    room = alice.call(
        "POST", "/rooms/create", 201, json={"name": "Reading " + file.stem, "room_type": "public"}
    )
    joined = bob.call("POST", "/rooms/join", 200, json={"room_id": room["id"]})
    check(joined["access"]["granted"], "Bob was not let in")
    say(f"   room {room['id']}")
    say(f"3. Alice uploads {file.name} ({file.stat().st_size / 1e6:.1f} MB)")
    document = upload(alice, room["id"], file)
    listed = bob.call("GET", f"/rooms/{room['id']}/documents", 200)["items"]
    check(any(d["id"] == document["id"] for d in listed), "Bob does not see the document")
    say("4. Bob asks three questions")
    conversation = None
    for question in questions or make_questions(bob, document):
        conversation = ask(bob, document, question, conversation)
    say("5. They talk about it")
    chat(alice, bob, room["id"])
    messages = bob.call("GET", f"/rooms/{room['id']}/messages", 200)["items"]
    check(len(messages) == 2, f"{len(messages)} messages are kept instead of 2")
    say("All steps passed.")


WELCOME = "Welcome to Stoa"


def seed(url):
    """Opens the demo room, once: a public room with a document to ask about."""
    guide = Person(url, "Stoa guide")
    found = guide.call("GET", "/rooms/list", 200, params={"q": WELCOME, "type": "public"})["items"]
    if any(room["name"] == WELCOME for room in found):
        say("the demo room is there")
        return
    room = guide.call(
        "POST",
        "/rooms/create",
        201,
        json={
            "name": WELCOME,
            "room_type": "public",
            "max_participants": 1000,
            "description": "A room to look around in: join it, read along, ask about the document.",
        },
    )
    if SAMPLE.is_file():
        upload(guide, room["id"], SAMPLE)
    guide.call(
        "POST",
        f"/rooms/{room['id']}/messages",
        201,
        json={
            "content": "Welcome! Ask me about the document in this room, or upload one of yours.",
            "client_msg_id": "welcome",
        },
    )
    say(f"the demo room is {room['id']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=pathlib.Path)
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument(
        "--seed", action="store_true", help="only open the demo room, if it is not there"
    )
    options = parser.parse_args()
    try:
        if options.seed:
            seed(options.url.rstrip("/"))
        else:
            run(options.url.rstrip("/"), options.file)
    except (Failed, requests.RequestException, OSError, websocket.WebSocketException) as error:
        print(f"\nFAILED: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
