# SPDX-License-Identifier: Apache-2.0
"""A Redis Cluster of six processes for tests: three masters with a replica each, which fail over
within a second or two. `redis-cli` builds it and moves its slots."""

import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile

import redis

from stack import Program, free_port, wait_until

MASTERS = 3
SLOTS = 16384


class RedisCluster:
    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="stoa-redis-cluster-"))
        self.ports = [free_port() for _ in range(2 * MASTERS)]
        self.bus_ports = [free_port() for _ in self.ports]
        self.nodes = {}
        for port in self.ports:
            self.start(port)
        self._form()

    @property
    def url(self):
        return "redis-cluster://" + ",".join(f"127.0.0.1:{port}" for port in self.ports)

    def start(self, port):
        folder = self.dir / str(port)
        folder.mkdir(exist_ok=True)
        options = {
            "port": port,
            "bind": "127.0.0.1",
            "dir": folder,
            "save": "",
            "appendonly": "no",
            "cluster-enabled": "yes",
            "cluster-port": self.bus_ports[self.ports.index(port)],
            "cluster-node-timeout": 1000,
            "cluster-replica-validity-factor": 0,
            "repl-diskless-sync-delay": 0,
        }
        command = ["redis-server"]
        for name, value in options.items():
            command += ["--" + name, str(value)]
        binary = shutil.which("redis-server") or "/usr/bin/redis-check-rdb"
        self.nodes[port] = Program(f"redis-{port}", command, self.dir, executable=binary)
        wait_until(
            "a node of Redis answers",
            lambda: socket.create_connection(("127.0.0.1", port), 1).close() or True,
        )

    def at(self, port):
        """A client of one node."""
        return redis.Redis("127.0.0.1", port, socket_timeout=5, decode_responses=True)

    def _form(self):
        first, *others = self.ports
        for port, bus_port in zip(others, self.bus_ports[1:]):
            self.at(first).execute_command("CLUSTER", "MEET", "127.0.0.1", port, bus_port)
        for n, port in enumerate(self.ports[:MASTERS]):
            begin, end = SLOTS * n // MASTERS, SLOTS * (n + 1) // MASTERS - 1
            self.at(port).execute_command("CLUSTER", "ADDSLOTSRANGE", begin, end)
        wait_until(
            "the nodes know each other", lambda: all(self._known(p) == 6 for p in self.ports)
        )
        for master, replica in zip(self.ports, self.ports[MASTERS:]):
            self.at(replica).execute_command("CLUSTER", "REPLICATE", self.id(master))
        self.wait_whole()

    def _info(self, port):
        """CLUSTER INFO by name."""
        text = self.at(port).execute_command("CLUSTER", "INFO")
        return dict(line.split(":", 1) for line in text.split())

    def _known(self, port):
        return int(self._info(port)["cluster_known_nodes"])

    def id(self, port):
        return self.at(port).execute_command("CLUSTER", "MYID")

    def wait_whole(self):
        """Every slot is served, and every master has a replica that follows it."""

        def whole():
            for port in self.ports:
                if not self.nodes[port].running():
                    continue
                if self._info(port)["cluster_state"] != "ok":
                    return False
                info = self.at(port).info("replication")
                if info["role"] == "slave" and info["master_link_status"] != "up":
                    return False
            return True

        wait_until("the cluster is whole", whole)

    def masters(self):
        return [
            port
            for port in self.ports
            if self.nodes[port].running() and self.at(port).role()[0] == "master"
        ]

    def slot(self, key):
        return self.at(self.masters()[0]).execute_command("CLUSTER", "KEYSLOT", key)

    def owner(self, key):
        """The port of the master that has the key's slot now."""
        return self._owner_of_slot(self.slot(key))

    def _owner_of_slot(self, slot):
        """Once all nodes agree: of a move or a failover each hears in its own time."""

        def seen_by(port):
            ranges = self.at(port).execute_command("CLUSTER", "SLOTS")
            return next((master[1] for begin, end, master, *_ in ranges if begin <= slot <= end), 0)

        def agreed():
            owners = {seen_by(port) for port in self.ports if self.nodes[port].running()}
            return len(owners) == 1 and owners.pop()

        return wait_until("all agree whose the slot is", agreed)

    def keys(self, pattern):
        return [key for port in self.masters() for key in self.at(port).keys(pattern)]

    def kill(self, port):
        self.nodes[port].stop(signal.SIGKILL)

    def reshard(self, source, target, slots):
        """Moves slots with their keys while everything runs."""
        done = subprocess.run(
            ["redis-cli", "--cluster", "reshard", f"127.0.0.1:{target}"]
            + ["--cluster-from", self.id(source), "--cluster-to", self.id(target)]
            + ["--cluster-slots", str(slots), "--cluster-yes"],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr

    def move_slot(self, slot, target, between=lambda: None):
        """As redis-cli does it; `between` runs while the slot is at neither place wholly."""
        number, source = str(slot), self._owner_of_slot(slot)
        old, new = self.at(source), self.at(target)
        new.execute_command("CLUSTER", "SETSLOT", number, "IMPORTING", self.id(source))
        old.execute_command("CLUSTER", "SETSLOT", number, "MIGRATING", self.id(target))
        between()
        while keys := old.execute_command("CLUSTER", "GETKEYSINSLOT", number, "100"):
            old.execute_command("MIGRATE", "127.0.0.1", target, "", 0, 5000, "KEYS", *keys)
            between()
        for port in [target, source, *self.masters()]:
            self.at(port).execute_command("CLUSTER", "SETSLOT", number, "NODE", self.id(target))

    def heal(self):
        for port in self.ports:
            if not self.nodes[port].running():
                self.start(port)
        self.wait_whole()

    def close(self):
        for port in self.ports:
            self.kill(port)
        shutil.rmtree(self.dir, ignore_errors=True)
