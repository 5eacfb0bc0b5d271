# SPDX-License-Identifier: Apache-2.0
"""A language model's server that speaks HTTP/2 over TLS (hypercorn), under a certificate of its
own, and behaves as a test plans: answers, refuses, cuts off, never ends, waits for the test."""

import asyncio
import datetime
import ipaddress
import json
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypercorn.asyncio import serve
from hypercorn.config import Config

from stack import free_port, wait_until


def make_certificate(folder):
    """A self-signed certificate of 127.0.0.1 and its key, as files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "model of the tests")])
    now = datetime.datetime.now(datetime.timezone.utc)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "model.crt", folder / "model.key"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


def delta(text):
    chunk = {"model": "m-1", "choices": [{"delta": {"content": text}}]}
    return f"data: {json.dumps(chunk)}\n\n".encode()


class ModelServer:
    """`plan` has what the next requests get, one each; then every one is answered, with what
    `reply` makes of its body. A "gate" begins its answer and a "silence" none, then both wait for
    `open_gate`; `waits` and `left` tell how many do, and how many askers left meanwhile."""

    def __init__(self, folder):
        self.certificate, key = make_certificate(folder)
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}/v1"
        self.plan = []
        self.seen = []  # (HTTP version, headers) of each request
        self.bodies = []
        self.reply = lambda body: "so."
        self.gate = threading.Event()
        self.waits = self.left = 0
        self.config = Config()
        self.config.bind = [f"127.0.0.1:{self.port}"]
        self.config.certfile, self.config.keyfile = str(self.certificate), str(key)
        self.config.loglevel = "CRITICAL"
        self.loop = asyncio.new_event_loop()
        self.stopped = asyncio.Event()
        self.thread = threading.Thread(target=self._run)
        self.started = threading.Event()
        self.thread.start()
        wait_until("the model's server runs", self.started.is_set)

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.started.set()
        trigger = self.stopped.wait
        self.loop.run_until_complete(serve(self._app, self.config, shutdown_trigger=trigger))

    def forget(self):
        """As new, for the next test."""
        self.plan, self.seen, self.bodies = [], [], []
        self.waits = self.left = 0
        self.reply = lambda body: "so."
        self.gate.clear()

    def close(self):
        self.gate.set()
        self.loop.call_soon_threadsafe(self.stopped.set)
        self.thread.join(20)

    async def _app(self, scope, receive, send):
        if scope["type"] != "http":
            raise NotImplementedError(scope["type"])
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body")
        body = json.loads(body)
        self.bodies.append(body)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.seen.append((scope["http_version"], headers))
        step = self.plan.pop(0) if self.plan else "answer"
        if isinstance(step, tuple):
            status, more = step
            await self._begin(send, status, more)
            await send({"type": "http.response.body", "body": b"{}"})
            return
        await self._begin(send, 200, {"content-type": "text/event-stream"})
        if step != "silence":
            await self._write(send, delta("It is said "))
        if step == "cut":
            raise ConnectionError("cut off by plan")
        gone = asyncio.create_task(receive())
        while step == "endless" and not gone.done():
            await self._write(send, delta("and on " * 1000))
        if step in ("gate", "silence") and not await self._wait(gone):
            return
        gone.cancel()
        last = delta(self.reply(body)) + b"data: [DONE]\n\n"
        await send({"type": "http.response.body", "body": last})

    async def _wait(self, gone):
        """Whether the asker is still there once the gate is open."""
        self.waits += 1
        while not self.gate.is_set() and not gone.done():
            await asyncio.sleep(0.01)
        self.left += gone.done()
        return not gone.done()

    async def _begin(self, send, status, headers):
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": pairs})

    async def _write(self, send, body):
        await send({"type": "http.response.body", "body": body, "more_body": True})
        await asyncio.sleep(0)
