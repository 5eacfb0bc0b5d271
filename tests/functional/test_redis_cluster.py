# SPDX-License-Identifier: Apache-2.0
"""The whole of Stoa on a Redis Cluster of six processes: two nodes and a worker go on while a
master dies and while slots move."""

import collections
import re
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

import pdfs
from redis_cluster import RedisCluster
from room_client import RoomClient
from stack import Stack, User, wait_until
from test_documents import ready as ready_document


@pytest.fixture(scope="module")
def cluster():
    cluster = RedisCluster()
    yield cluster
    cluster.close()


@pytest.fixture(scope="module")
def nodes(cluster):
    """The URLs of two nodes, and the stack that they are of."""
    stack = Stack({"STOA_REDIS_URL": cluster.url})
    stack.stop_redis()  # the single one: nobody needs it
    yield stack, [stack.url, stack.start_node()]
    stack.close()


@pytest.fixture(autouse=True)
def whole(cluster):
    cluster.heal()
    yield
    cluster.heal()


def metric(url, name, **labels):
    """The sum of a metric's series that have these labels."""
    total = 0.0
    for line in requests.get(url + "/metrics", timeout=10).text.splitlines():
        found = re.fullmatch(re.escape(name) + r"(?:\{(.*)\})? (\S+)", line)
        if found and all(f'{key}="{value}"' in (found[1] or "") for key, value in labels.items()):
            total += float(found[2])
    return total


class Load:
    """People on both nodes who write all the time and read everything."""

    def __init__(self, urls, writers=4):
        self.owner = User(urls[0])
        self.room = self.owner.room()["id"]
        self.people = [User(urls[i % len(urls)]) for i in range(writers)]
        for person in self.people:
            joined = person.http.post("/rooms/join", json={"room_id": self.room})
            assert joined.status_code == 200, joined.text
        self.readers = [RoomClient.of(self.owner, self.room, url=url) for url in urls]
        self.started_at = max(reader.ready["data"]["seq"] for reader in self.readers)
        self.acknowledged = {}
        self.refused = []
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self._write, args=(p,)) for p in self.people]
        for thread in self.threads:
            thread.start()

    def _write(self, person):
        while not self.ending.is_set():
            text = str(uuid.uuid4())
            answer = person.http.post(
                f"/rooms/{self.room}/messages", json={"content": text, "client_msg_id": text}
            )
            if answer.status_code == 201:
                self.acknowledged[text] = answer.json()["seq"]
            else:
                self.refused.append((answer.status_code, answer.text))
            time.sleep(0.01)

    def wait_for_more(self, count=40):
        before = len(self.acknowledged)
        wait_until("messages are taken", lambda: len(self.acknowledged) >= before + count)

    def finish(self):
        """Everything acknowledged reached every reader, once and in order."""
        self.ending.set()
        for thread in self.threads:
            thread.join(60)
        assert self.refused == []
        last = max(self.acknowledged.values())
        for reader in self.readers:
            reader.wait_for_seq(last)
            seqs = [seq for seq in reader.seqs() if seq > self.started_at]
            assert seqs == list(range(self.started_at + 1, last + 1))
            heard = {
                f["data"]["content"]: f["seq"]
                for f in reader.frames
                if f.get("seq") and f["type"] == "new_message"
            }
            assert self.acknowledged.items() <= heard.items()
            reader.close()


def test_jobs_and_exact_limits(nodes):
    stack, urls = nodes
    user = User(urls[0])
    assert ready_document(user, pdfs.facts_pdf())["status"] == "ready"
    limited = [stack.start_node({"STOA_RATE_LIMIT_PERCENT": "1"}) for _ in range(2)]
    people = [User(urls[0]) for _ in range(6)]  # their windows lie on all nodes of the cluster

    def ask(person):
        some = [person.at(limited[i % 2]) for i in range(10)]
        return [one.http.get("/users/profile").status_code for one in some for _ in range(10)]

    with ThreadPoolExecutor(len(people)) as pool:
        for statuses in pool.map(ask, people):
            assert collections.Counter(statuses) == {200: 6, 429: 94}
    for url in limited:
        assert metric(url, "stoa_rate_limit_local_requests_total") == 0
        stack.stop_node(url)


def test_a_master_killed_under_load_loses_nothing(cluster, nodes):
    _, urls = nodes
    load = Load(urls)
    load.wait_for_more()
    # Where this room's messages are published, and where jobs are announced.
    for key in (f"room:{load.room}:messages", "stoa"):
        cluster.kill(cluster.owner(key))
        load.wait_for_more()
        user = User(urls[1])
        assert ready_document(user, pdfs.facts_pdf())["status"] == "ready"
        wait_until("a replica has taken over", lambda: len(cluster.masters()) == 3)
        load.wait_for_more()
        cluster.heal()
    load.finish()
    for url in urls:
        wait_until("it is ready", lambda: requests.get(url + "/readyz", timeout=5).ok)


def test_slots_that_move_under_load(cluster, nodes):
    _, urls = nodes
    names = ("stoa_rate_limit_local_requests_total", "stoa_redis_errors_total")

    def failures():
        return {(url, name): metric(url, name) for url in urls for name in names}

    def redirects(kind):
        return sum(metric(url, "stoa_redis_redirects_total", kind=kind) for url in urls)

    load = Load(urls)
    load.wait_for_more()

    def limits_of_these():
        return [key for key in cluster.keys("limit:*") if any(p.id in key for p in load.people)]

    # For a moment after what was done to Redis before, nodes may count by themselves.
    limits = wait_until("they are counted in Redis", limits_of_these)
    before_redirects = {kind: redirects(kind) for kind in ("ask", "moved")}
    before = failures()
    for key in limits:
        target = next(port for port in cluster.masters() if port != cluster.owner(key))
        cluster.move_slot(cluster.slot(key), target, between=load.wait_for_more)
        load.wait_for_more()
    first, second, _ = sorted(cluster.masters())
    cluster.reshard(first, second, 500)
    load.wait_for_more()
    load.finish()
    for kind in ("ask", "moved"):
        assert redirects(kind) > before_redirects[kind]
    assert failures() == before
