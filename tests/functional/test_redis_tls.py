# SPDX-License-Identifier: Apache-2.0
"""Redis over TLS, one server and a cluster: what goes from node to node goes through it, and a
server whose certificate nobody trusts is not spoken to."""

import pathlib
import shutil
import socket
import uuid

import pytest
import redis
import requests

from model_server import make_certificate
from room_client import RoomClient
from stack import Program, Stack, User, free_port, wait_until

CLUSTER = {"cluster-enabled": "yes", "tls-cluster": "yes", "cluster-node-timeout": 1000}


class TlsRedis:
    """A redis-server that speaks nothing but TLS; as a cluster, one node with all slots."""

    def __init__(self, folder, is_cluster):
        self.port = free_port()
        self.ca, key = make_certificate(folder)
        options = {
            "port": 0,
            "tls-port": self.port,
            "tls-cert-file": self.ca,
            "tls-key-file": key,
            "tls-ca-cert-file": self.ca,
            "tls-auth-clients": "no",
            "bind": "127.0.0.1",
            "dir": folder,
            "save": "",
            "requirepass": "a secret",
            **({"cluster-port": free_port(), **CLUSTER} if is_cluster else {}),
        }
        command = ["redis-server"]
        for name, value in options.items():
            command += ["--" + name, str(value)]
        binary = shutil.which("redis-server") or "/usr/bin/redis-check-rdb"
        self.program = Program("redis-tls", command, folder, executable=binary)
        wait_until(
            "Redis answers",
            lambda: socket.create_connection(("127.0.0.1", self.port), 1).close() or True,
        )
        self.client = redis.Redis(
            "127.0.0.1",
            self.port,
            password="a secret",
            ssl=True,
            ssl_ca_certs=str(self.ca),
            decode_responses=True,
        )
        if is_cluster:
            self.client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
            wait_until(
                "the cluster is whole",
                lambda: "cluster_state:ok" in self.client.execute_command("CLUSTER", "INFO"),
            )
        scheme = "rediss-cluster" if is_cluster else "rediss"
        self.plain_url = f"{scheme}://:a%20secret@127.0.0.1:{self.port}"
        self.url = f"{self.plain_url}?ca={self.ca}"


@pytest.fixture(params=["one", "cluster"])
def server(request, tmp_path):
    server = TlsRedis(pathlib.Path(tmp_path), request.param == "cluster")
    yield server
    server.program.stop()


def test_nodes_meet_over_tls(server):
    stack = Stack({"STOA_REDIS_URL": server.url})
    try:
        stack.stop_redis()  # the one without TLS: nobody needs it
        other = stack.start_node()
        stack.wait_ready(other)
        user = User(stack.url)
        room = user.room()["id"]
        reader = RoomClient.of(user, room, url=other)
        wait_until("a node listens", lambda: server.client.pubsub_channels("room:*"))
        text = "🎓" * 8000  # more than one record of TLS
        sent = user.http.post(
            f"/rooms/{room}/messages", json={"content": text, "client_msg_id": str(uuid.uuid4())}
        )
        assert sent.status_code == 201, sent.text
        heard = reader.wait_for("new_message")
        assert heard["data"]["content"] == text
        assert server.client.info("commandstats")["cmdstat_publish"]["calls"] > 0

        stranger = stack.start_node({"STOA_REDIS_URL": server.plain_url})
        wait_until(
            "an untrusted certificate is refused",
            lambda: "TLS: self-signed certificate" in stack.nodes[stranger].log.read_text(),
        )
        parts = requests.get(f"{stranger}/readyz", timeout=10).json()["parts"]
        assert parts["redis"]["ok"] is False
    finally:
        stack.close()
