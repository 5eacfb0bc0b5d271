# SPDX-License-Identifier: Apache-2.0
"""A client of the room socket that reads everything on a thread of its own, for tests."""

import json
import threading
import time
import uuid

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect


class RoomClient:
    def __init__(
        self,
        url,
        room_id,
        *,
        bearer=None,
        subprotocols=None,
        ticket=None,
        since=None,
        path="/ws/rooms/",
        origin=None,
    ):
        query = {"ticket": ticket, "since_seq": since}
        told = "&".join(f"{name}={value}" for name, value in query.items() if value is not None)
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        self.socket = connect(
            url.replace("http://", "ws://") + path + str(room_id) + (f"?{told}" if told else ""),
            additional_headers=headers,
            subprotocols=subprotocols,
            origin=origin,
            open_timeout=30,
            max_size=None,
        )
        self.frames = []
        self.closed_with = None
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    @classmethod
    def of(cls, user, room_id, url=None, **more):
        """Signed in by the user's token, and ready."""
        client = cls(url or user.url, room_id, bearer=user.token, **more)
        client.ready = client.wait_for("ready")
        return client

    def _read(self):
        try:
            while True:
                frame = json.loads(self.socket.recv())
                with self.changed:
                    self.frames.append(frame)
                    self.changed.notify_all()
        except ConnectionClosed as closed:
            with self.changed:
                self.closed_with = closed.rcvd.code if closed.rcvd else 1006
                self.changed.notify_all()

    def _wait(self, what, check, seconds):
        deadline = time.monotonic() + seconds
        with self.changed:
            while True:
                found = check()
                if found is not None:
                    return found
                left = deadline - time.monotonic()
                assert (
                    left > 0
                ), f"no {what} in {seconds} s; got {self.frames[-5:]}, closed {self.closed_with}"
                self.changed.wait(left)

    def wait_for(self, kind, where=lambda frame: True, seconds=30):
        """The first frame of this type for which `where` holds."""
        return self._wait(
            kind,
            lambda: next((f for f in self.frames if f["type"] == kind and where(f)), None),
            seconds,
        )

    def has(self, kind):
        with self.changed:
            return any(frame["type"] == kind for frame in self.frames)

    def wait_for_seq(self, seq, seconds=60):
        return self._wait(
            f"seq {seq}",
            lambda: next((f for f in self.frames if f.get("seq", 0) >= seq), None),
            seconds,
        )

    def wait_for_close(self, seconds=30):
        return self._wait("close", lambda: self.closed_with, seconds)

    def seqs(self):
        with self.changed:
            return [frame["seq"] for frame in self.frames if "seq" in frame]

    def raw(self, text):
        self.socket.send(text)

    def send(self, kind, **data):
        """Sends a frame and gives its id."""
        frame_id = str(uuid.uuid4())
        self.raw(json.dumps({"type": kind, "id": frame_id, "data": data}))
        return frame_id

    def ask(self, kind, seconds=30, **data):
        """Sends a frame and gives its ack or error."""
        frame_id = self.send(kind, **data)
        return self._wait(
            "answer",
            lambda: next(
                (
                    f
                    for f in self.frames
                    if f["type"] in ("ack", "error", "pong") and f["data"].get("id") == frame_id
                ),
                None,
            ),
            seconds,
        )

    def say(self, text, client_msg_id=None):
        return self.ask(
            "chat_message", content=text, client_msg_id=client_msg_id or str(uuid.uuid4())
        )

    def error_of(self, text):
        """What is answered to a raw frame."""
        with self.changed:
            before = len(self.frames)
        self.raw(text)
        frame = self._wait(
            "error",
            lambda: next((f for f in self.frames[before:] if f["type"] == "error"), None),
            30,
        )
        return frame["data"]["code"]

    def close(self):
        self.socket.close()
        self.reader.join(30)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
