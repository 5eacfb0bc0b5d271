# SPDX-License-Identifier: Apache-2.0
"""A room's log as server-sent events: every event once and in order, from where the reader was, on
every node; ended when access is; held by no thread."""

import contextlib
import http.client
import json
import socket
import threading
import urllib.parse

import pytest

from room_client import RoomClient
from stack import wait_until
from test_chat import post


class Reader:
    """Reads a stream on a thread of its own, as a browser's EventSource would."""

    def __init__(self, user, room, url=None, query="", last_id=None):
        headers = {"Accept": "text/event-stream", "Authorization": f"Bearer {user.token}"}
        if last_id is not None:
            headers["Last-Event-ID"] = str(last_id)
        address = urllib.parse.urlsplit(url or user.url).netloc
        connection = http.client.HTTPConnection(address, timeout=60)
        connection.request("GET", f"/api/v1/rooms/{room}/events{query}", headers=headers)
        self.socket = connection.sock
        self.answer = connection.getresponse()
        self.status = self.answer.status
        self.events = []
        self.last_id = None
        self.ended = False
        if self.status == 200:
            threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        event = {}
        with contextlib.suppress(OSError, http.client.HTTPException):
            while line := self.answer.readline().decode():
                if line.startswith(":"):
                    continue
                if line != "\n":
                    name, _, value = line.rstrip("\n").partition(": ")
                    event[name] = value
                    continue
                self.last_id = event.get("id", self.last_id)
                if "data" in event:
                    self.events.append((event["event"], event.get("id"), json.loads(event["data"])))
                event = {}
        self.ended = True

    def __enter__(self):
        wait_until("it knows where it stands", lambda: self.last_id is not None)
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def seqs(self):
        return [data["seq"] for _, _, data in self.events if "seq" in data]

    def contents(self):
        return [d["data"]["content"] for t, _, d in self.events if t == "new_message"]


def last_seq(user, room):
    return user.http.get(f"/rooms/{room}/events?limit=100").json()["items"][-1]["seq"]


def test_tells_events_as_they_happen_and_as_sockets_do(two):
    ada, bob, room = two
    at = last_seq(ada, room)
    with Reader(bob, room) as stream, RoomClient.of(ada, room) as socket:
        assert stream.answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert stream.answer.headers["Cache-Control"] == "no-store"
        assert stream.last_id == str(at)
        for i in range(5):
            assert post(ada, room, f"message {i}").status_code == 201
        socket.send("typing_start")
        assert post(ada, room, "last").status_code == 201
        wait_until("all are told", lambda: len(stream.seqs()) == 6)
        assert stream.seqs() == list(range(at + 1, at + 7))
        kind, event_id, data = stream.events[-1]
        assert (kind, event_id) == ("new_message", str(at + 6))
        assert data == socket.wait_for("new_message", lambda f: f["seq"] == at + 6)
        assert {kind for kind, _, _ in stream.events} == {"new_message"}


def test_goes_on_where_the_reader_was(two):
    ada, bob, room = two
    at = last_seq(ada, room)
    for i in range(3):
        post(ada, room, f"old {i}")
    with Reader(bob, room, query=f"?after_seq={at}") as stream:
        wait_until("the missed ones", lambda: stream.contents() == ["old 0", "old 1", "old 2"])
        middle = stream.events[1][1]
    post(ada, room, "while away")
    # The header is what a browser knows; the query is what the page once said.
    with Reader(bob, room, query=f"?after_seq={at}", last_id=middle) as stream:
        wait_until("the rest", lambda: stream.contents() == ["old 2", "while away"])
        post(ada, room, "and now")
        wait_until("live", lambda: stream.contents()[-1] == "and now")


def test_a_reader_from_the_future_or_long_gone_is_reset(two, shared_stack):
    ada, bob, room = two
    at = last_seq(ada, room)
    with Reader(bob, room, last_id=at + 1_000_000) as stream:
        wait_until("it is told", lambda: stream.events)
        assert stream.events[0][0] == "reset" and stream.events[0][1] == str(at)


def test_one_node_tells_what_happens_on_another(two, other_node):
    ada, bob, room = two
    with Reader(bob, room, url=other_node) as stream:
        sent = [f"from afar {i}" for i in range(10)]
        for text in sent:
            post(ada, room, text)
        wait_until("all came", lambda: stream.contents() == sent)


@pytest.mark.parametrize("way", ["kicked", "session", "closed"])
def test_it_ends_with_the_access(shared_stack, way):
    ada, bob = shared_stack.new_user(), shared_stack.new_user()
    room = ada.room()["id"]
    bob.http.post("/rooms/join", json={"room_id": room})
    with Reader(bob, room) as stream:
        if way == "kicked":
            ada.http.delete(f"/rooms/{room}/participants/{bob.id}")
        elif way == "session":
            bob.http.post("/auth/wallet/disconnect", json={})
        else:
            ada.http.delete(f"/rooms/{room}")
        wait_until("it has ended", lambda: stream.ended)
        assert stream.events[-1][0] == "access_revoked"
        assert stream.events[-1][1] is None
    again = Reader(bob, room)
    assert again.status in (401, 403, 404)


def test_who_may_not_read_is_refused_before_a_stream_begins(two, shared_stack):
    ada, _, _ = two
    room = ada.room(room_type="private")["id"]
    stranger = shared_stack.new_user()
    answer = Reader(stranger, room).answer
    assert answer.status in (403, 404)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert Reader(ada, room, last_id="yesterday").status == 422
    assert Reader(ada, room, query="?limit=5").status == 422


def test_streams_hold_no_thread(two):
    """Far more of them than a node has workers, and requests are answered as before."""
    ada, bob, room = two
    with contextlib.ExitStack() as open_ones:
        streams = [open_ones.enter_context(Reader(bob, room)) for _ in range(60)]
        assert post(ada, room, "to all").status_code == 201
        wait_until("all heard it", lambda: all(s.contents() == ["to all"] for s in streams))
    at = last_seq(ada, room)
    with Reader(bob, room) as stream:
        assert stream.last_id == str(at)


def test_a_leaving_node_ends_its_streams_whole(two, shared_stack):
    ada, bob, room = two
    url = shared_stack.start_node()
    with Reader(bob, room, url=url) as stream:
        post(ada, room, "before")
        wait_until("it came", lambda: stream.contents() == ["before"])
        shared_stack.stop_node(url)
        wait_until("the end", lambda: stream.ended)
    post(ada, room, "after")
    with Reader(bob, room, last_id=stream.last_id) as resumed:
        wait_until("the rest", lambda: resumed.contents() == ["after"])
