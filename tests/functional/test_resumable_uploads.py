# SPDX-License-Identifier: Apache-2.0
"""Uploads that are cut: a plain one leaves nothing, and one by tus 1.0.0 goes on where it was, on
any node, also after the node that took it was killed."""

import base64
import concurrent.futures
import os
import random
import signal
import socket
import threading
import time
import urllib.parse
import uuid

import pytest
import requests

import pdfs
from stack import wait_until
from test_documents import uploaded, wait_done
from test_encryption import found_below, rare

PATH = "/api/v1/documents/uploads"
MIB = 1024 * 1024


def metadata(**fields):
    return ",".join(
        f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in fields.items()
    )


class Tus:
    """Requests of tus 1.0.0, each as its specification has it."""

    def __init__(self, user):
        self.user = user
        self.http = requests.Session()
        self.http.headers.update(
            {"Authorization": f"Bearer {user.token}", "Tus-Resumable": "1.0.0"}
        )

    def request(self, method, path, **headers):
        data = headers.pop("data", None)
        named = {name.replace("_", "-"): str(value) for name, value in headers.items()}
        answer = self.http.request(
            method, self.user.url + path, data=data, headers=named, timeout=60
        )
        if answer.status_code != 401:
            assert answer.headers["Tus-Resumable"] == "1.0.0"
        return answer

    def create(self, length, **fields):
        fields.setdefault("filename", "notes.txt")
        return self.request(
            "POST", PATH, Upload_Length=length, Upload_Metadata=metadata(**fields)
        )

    def created(self, length, **fields):
        answer = self.create(length, **fields)
        assert answer.status_code == 201, answer.text
        return answer.headers["Location"]

    def patch(self, path, offset, data, **headers):
        headers.setdefault("Content_Type", "application/offset+octet-stream")
        return self.request("PATCH", path, Upload_Offset=offset, data=data, **headers)

    def offset(self, path):
        answer = self.request("HEAD", path)
        assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
        return int(answer.headers["Upload-Offset"])

    def finish(self, path):
        return self.request("POST", path + "/finish")

    def finished(self, path):
        answer = self.finish(path)
        assert answer.status_code == 202, answer.text
        return answer.json()

    def raw_patch(self, path, offset, length):
        """The head of a PATCH on a socket of its own, whose body is for the test to send."""
        address = urllib.parse.urlsplit(self.user.url)
        peer = socket.create_connection((address.hostname, address.port), timeout=20)
        peer.sendall(
            f"PATCH {path} HTTP/1.1\r\nHost: {address.netloc}\r\nTus-Resumable: 1.0.0\r\n"
            f"Authorization: Bearer {self.user.token}\r\nUpload-Offset: {offset}\r\n"
            "Content-Type: application/offset+octet-stream\r\n"
            f"Content-Length: {length}\r\n\r\n".encode()
        )
        return peer


@pytest.fixture
def tus(new_user):
    return Tus(new_user())


def code(answer):
    return answer.status_code, answer.json()["code"]


def pieces(stoa):
    """Everything that lies in the folder of uploads; spools have no name."""
    return {path.name for path in (stoa.data_dir / "uploads").iterdir()}


def upload_id(path):
    return path.rsplit("/", 1)[1]


def check_and_drop(tus, document, data):
    """Such a text is long to read; nobody needs that here."""
    path = f"/documents/{document['id']}"
    assert tus.user.http.get(path + "/file").content == data
    assert tus.user.http.delete(path).status_code == 204


def book(size):
    """A text of that many bytes, no two parts of it alike."""
    chance = random.Random(size)
    words = ["".join(chance.choices("abcdefghij", k=8)) for _ in range(size // 9 + 1)]
    return " ".join(words).encode()[:size]


def test_a_plain_upload_that_is_cut_leaves_nothing(stoa, new_user):
    user = new_user()
    before = pieces(stoa), {p.name for p in (stoa.data_dir / "documents").glob("*")}
    address = urllib.parse.urlsplit(stoa.url)
    data = pdfs.long_pdf(40)
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
    body = head + data + b"\r\n--x--\r\n"
    for half in (len(body) // 2, len(head) + 5, len(body) - 1):
        with socket.create_connection((address.hostname, address.port), timeout=20) as peer:
            peer.sendall(
                f"POST /api/v1/documents/upload HTTP/1.1\r\nHost: {address.netloc}\r\n"
                f"Authorization: Bearer {user.token}\r\n"
                "Content-Type: multipart/form-data; boundary=x\r\n"
                f"Content-Length: {len(body)}\r\n\r\n".encode()
                + body[:half]
            )
    document = uploaded(user, b"Whole.", name="b.txt")  # so the server has seen the ends by now
    assert [d["id"] for d in user.http.get("/documents/library").json()["items"]] == [
        document["id"]
    ]
    rows = stoa.sql("SELECT storage_key FROM pdf_uploads WHERE user_id = %s", (user.id,))
    known = {row[0] for row in rows}
    assert pieces(stoa) == before[0]
    assert {p.name for p in (stoa.data_dir / "documents").glob("*")} == before[1] | known


def test_a_file_comes_in_pieces_and_becomes_the_document_of_a_form(stoa, tus):
    room = tus.user.room()
    data = pdfs.facts_pdf(3)
    answer = tus.create(
        len(data),
        filename="../Fäkten.pdf",
        filetype="application/pdf",
        title="Facts",
        tags='["chemistry"]',
        room_id=room["id"],
        is_public="true",
    )
    assert answer.status_code == 201
    path = answer.headers["Location"]
    assert answer.headers["Upload-Offset"] == "0" and answer.headers["Upload-Expires"]
    offset = 0
    for size in (1, 1000, 0, len(data) - 1001):
        sent = tus.patch(path, offset, data[offset : offset + size])
        offset += size
        assert (sent.status_code, sent.content) == (204, b"")
        assert int(sent.headers["Upload-Offset"]) == offset == tus.offset(path)
    document = tus.finished(path)
    plain = uploaded(
        tus.user,
        data,
        name="Fäkten.pdf",
        title="Facts",
        tags='["chemistry"]',
        room_id=room["id"],
        is_public="true",
        allow_duplicate="true",
    )
    differ = {name for name in plain if plain[name] != document[name]}
    assert differ <= {"id", "created_at", "updated_at", "status"}
    again = tus.finished(path)
    assert again["id"] == document["id"]
    done = wait_done(tus.user, document)
    assert (done["status"], done["page_count"]) == ("ready", 3)
    file = tus.user.http.get(f"/documents/{document['id']}/file")
    assert file.content == data
    session = tus.request("GET", path).json()
    assert (session["document_id"], session["offset_bytes"]) == (document["id"], len(data))
    rows = stoa.sql("SELECT FROM upload_pieces WHERE upload_id = %s", (upload_id(path),))
    assert rows == []


def test_after_a_cut_it_goes_on_where_it_was(stoa, tus, other_node):
    before = pieces(stoa)
    data = book(5 * MIB)
    path = tus.created(len(data))
    half = len(data) // 2 + 12345
    with tus.raw_patch(path, 0, len(data)) as peer:
        peer.sendall(data[:half])
    wait_until("all that came is kept", lambda: tus.offset(path) == half)
    elsewhere = Tus(tus.user.at(other_node))
    assert elsewhere.offset(path) == half
    assert elsewhere.patch(path, half, data[half:]).status_code == 204
    document = elsewhere.finished(path)
    assert document["file_size_bytes"] == len(data)
    check_and_drop(tus, document, data)
    assert pieces(stoa) == before


def test_a_killed_node_keeps_what_was_kept(stoa, tus, start):
    node = start()
    there = Tus(tus.user.at(node))
    data = book(6 * MIB)
    path = there.created(len(data))
    peer = there.raw_patch(path, 0, len(data))
    peer.sendall(data[: 4 * MIB + 100])
    wait_until("some is kept", lambda: tus.offset(path) >= 4 * MIB)
    stoa.stop_node(node, signal.SIGKILL)
    peer.close()
    offset = tus.offset(path)
    assert offset == 4 * MIB
    assert tus.patch(path, offset, data[offset:]).status_code == 204
    document = tus.finished(path)
    check_and_drop(tus, document, data)


def test_the_wrong_offset_is_told_with_the_right_one(tus):
    path = tus.created(10)
    assert tus.patch(path, 0, b"abc").status_code == 204
    for offset in (0, 2, 4, 10):
        refused = tus.patch(path, offset, b"x")
        assert code(refused) == (409, "upload_offset_mismatch")
        assert refused.headers["Upload-Offset"] == "3"
    refused = tus.patch(path, 3, b"12345678")
    assert code(refused) == (413, "upload_too_long") and refused.headers["Upload-Offset"] == "3"
    assert code(tus.finish(path)) == (409, "upload_incomplete")
    for bad in ("-1", "x", "", "3.0", "9223372036854775808"):
        assert code(tus.patch(path, bad, b"x")) == (422, "validation_failed")
    typed = tus.patch(path, 3, b"x", Content_Type="application/json")
    assert code(typed) == (415, "unsupported_media_type")
    assert tus.offset(path) == 3


def test_a_body_without_a_length_is_held_to_what_was_announced(tus):
    path = tus.created(3 * MIB)

    def chunks(number):
        for _ in range(number):
            yield b"x" * MIB

    refused = tus.patch(path, 0, chunks(4))
    assert code(refused) == (413, "upload_too_long")
    assert int(refused.headers["Upload-Offset"]) == tus.offset(path) == 3 * MIB


def test_of_two_at_once_one_wins(tus, other_node):
    data = book(4 * MIB)
    path = tus.created(len(data))
    people = [tus, Tus(tus.user.at(other_node))]
    peers = [person.raw_patch(path, 0, len(data)) for person in people]
    barrier = threading.Barrier(2)

    def send(peer):
        barrier.wait()
        with peer:
            try:
                peer.sendall(data)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it was told meanwhile
            return peer.recv(65536).decode().split(" ")[1]

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        statuses = sorted(pool.map(send, peers))
    assert statuses == ["204", "409"]
    document = tus.finished(path)
    check_and_drop(tus, document, data)


def test_many_who_finish_at_once_get_one_document(tus, other_node):
    data = book(MIB)
    path = tus.created(len(data))
    assert tus.patch(path, 0, data).status_code == 204
    people = [tus, Tus(tus.user.at(other_node))] * 4
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        documents = list(pool.map(lambda person: person.finished(path), people))
    assert len({document["id"] for document in documents}) == 1
    assert len(tus.user.http.get("/documents/library").json()["items"]) == 1
    check_and_drop(tus, documents[0], data)


def test_an_upload_is_its_beginners_alone(tus, new_user):
    path = tus.created(3)
    other = Tus(new_user())
    for method in ("GET", "DELETE"):
        assert code(other.request(method, path)) == (404, "upload_not_found")
    assert other.request("HEAD", path).status_code == 404
    assert code(other.patch(path, 0, b"abc")) == (404, "upload_not_found")
    assert code(other.finish(path)) == (404, "upload_not_found")
    assert other.request("GET", PATH).json()["items"] == []
    assert [item["id"] for item in tus.request("GET", PATH).json()["items"]] == [upload_id(path)]
    for bad in (PATH + "/7", PATH + "/" + str(uuid.uuid4())):
        assert code(tus.request("GET", bad)) == (404, "upload_not_found")


def test_given_up_or_expired_nothing_stays(stoa, tus):
    before = pieces(stoa)
    path = tus.created(MIB)
    tus.patch(path, 0, b"x" * 1000)
    assert len(pieces(stoa) - before) == 1
    assert tus.request("DELETE", path).status_code == 204
    assert pieces(stoa) == before
    assert code(tus.request("DELETE", path)) == (404, "upload_not_found")
    path = tus.created(MIB)
    tus.patch(path, 0, b"x" * 1000)
    stoa.sql(
        "UPDATE upload_sessions SET expires_at = now() WHERE id = %s", (upload_id(path),)
    )
    assert code(tus.patch(path, 1000, b"x")) == (404, "upload_not_found")
    assert code(tus.finish(path)) == (404, "upload_not_found")
    for name in pieces(stoa) - before:
        hours_ago = time.time() - 2 * 3600
        os.utime(stoa.data_dir / "uploads" / name, (hours_ago, hours_ago))
    # It is due every ten minutes; whoever cannot wait lets it run at once.
    stoa.sql(
        "INSERT INTO jobs (id, task, attempts_max) VALUES (%s, %s, 3)",
        (uuid.uuid4(), "stoa.documents.purge_uploads"),
    )
    wait_until("the sweep has taken it", lambda: pieces(stoa) == before)
    rows = stoa.sql("SELECT FROM upload_sessions WHERE id = %s", (upload_id(path),))
    assert rows == []


def test_what_is_wrong_is_said_at_the_beginning(tus):
    assert code(tus.create(3, filename="a.txt", colour="red")) == (422, "validation_failed")
    assert code(tus.create(3, tags="no json")) == (422, "validation_failed")
    assert code(tus.create(0)) == (422, "file_empty")
    assert code(tus.create(201 * MIB)) == (413, "file_too_large")
    for length in ("", "x", "-1", "1.5"):
        assert code(tus.create(length)) == (422, "validation_failed")
    for told in ("", "filename", "filename YQ", "filename YQ==,filename YQ==", "filename !"):
        answer = tus.request("POST", PATH, Upload_Length=3, Upload_Metadata=told)
        if told == "filename":  # a file without a name is called "document"
            assert answer.status_code == 201 and answer.json()["file_name"] == "document"
            continue
        assert code(answer) == (422, "validation_failed"), told
    answer = tus.request("POST", PATH, Upload_Length=3, data=b"abc")
    assert code(answer) == (422, "body_unexpected")
    for method in ("POST", "GET"):
        old = tus.request(method, PATH, Tus_Resumable="0.2.2", Upload_Length=3)
        assert code(old) == (412, "tus_version_unsupported")
        assert old.headers["Tus-Version"] == "1.0.0"
    while (answer := tus.create(3)).status_code == 201:
        pass
    assert code(answer) == (409, "too_many_uploads")
    assert len(tus.request("GET", PATH).json()["items"]) == 8


def test_a_file_of_no_known_kind_is_refused_as_by_a_form(tus):
    path = tus.created(9, filename="a.gif")
    assert tus.patch(path, 0, b"GIF89a\x01\x02\xff").status_code == 204
    assert code(tus.finish(path)) == (415, "unsupported_file")
    assert tus.offset(path) == 9
    assert tus.user.http.get("/documents/library").json()["items"] == []


def test_options_says_what_is_spoken(stoa, tus):
    told = requests.options(stoa.url + PATH, timeout=10)
    assert told.status_code == 204
    assert told.headers["Tus-Version"] == "1.0.0"
    assert told.headers["Tus-Extension"] == "creation,termination,expiration"
    assert told.headers["Tus-Max-Size"] == str(200 * MIB)


def test_what_has_come_lies_sealed(stoa, tus):
    before, word = pieces(stoa), rare()
    data = f"The colour of the {word} is blue. ".encode() * 40_000
    path = tus.created(len(data))
    assert tus.patch(path, 0, data[: MIB + 500]).status_code == 204
    assert len(pieces(stoa) - before) == 2
    assert found_below(stoa.data_dir, [word]) == []
    assert tus.request("DELETE", path).status_code == 204
