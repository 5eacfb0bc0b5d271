# SPDX-License-Identifier: Apache-2.0
"""A new master key takes over while people sign in, upload and ask: no request fails, nothing
becomes unreadable, and of what the old key wrapped nothing is left."""

import base64
import collections
import concurrent.futures
import contextlib
import os
import signal
import subprocess
import threading
import uuid

import pytest

from stack import BUILD, Program, Stack, User, wait_until
from test_documents import ready
from test_encryption import dump

OLD, NEW = "0a" * 32, "0b" * 32


class Balancer:
    """Hands out nodes as a load balancer does: one that is taken out gets no new requests, and is
    idle when `take_out` returns."""

    def __init__(self, urls):
        self.changed = threading.Condition()
        self.urls = list(urls)
        self.busy = collections.Counter()
        self.turn = 0

    @contextlib.contextmanager
    def node(self):
        with self.changed:
            self.turn += 1
            url = self.urls[self.turn % len(self.urls)]
            self.busy[url] += 1
        try:
            yield url
        finally:
            with self.changed:
                self.busy[url] -= 1
                self.changed.notify_all()

    def take_out(self, url):
        with self.changed:
            self.urls.remove(url)
            assert self.changed.wait_for(lambda: self.busy[url] == 0, 60)

    def add(self, url):
        with self.changed:
            self.urls.append(url)


class Load:
    """People who sign in, upload and ask, one after the other in each thread, until it is ended."""

    def __init__(self, balancer, threads=2):
        self.balancer = balancer
        self.people = []
        self.ending = threading.Event()
        self.pool = concurrent.futures.ThreadPoolExecutor(threads)
        self.runs = [self.pool.submit(self.run) for _ in range(threads)]

    def run(self):
        while not self.ending.is_set():
            with self.balancer.node() as url:
                user = User(url)
            word = "W" + uuid.uuid4().hex[:12]
            with self.balancer.node() as url:
                text = f"The colour of the {word} is green.".encode()
                user.document = ready(user.at(url), text, name="notes.txt")
                user.word = word
            with self.balancer.node() as url:
                check_reads(user.at(url))
            self.people.append(user)

    def wait_for_more(self, people=2):
        """That many more have gone through all of it."""
        before = len(self.people)

        def came():
            for run in self.runs:
                if run.done():
                    run.result()
            return len(self.people) >= before + people

        wait_until("people come and go", came, 120)

    def end(self):
        self.ending.set()
        for run in self.runs:
            run.result(120)
        self.pool.shutdown()


def check_reads(user):
    """Everything of a person that lies sealed: a page, the file, an answer."""
    path = f"/documents/{user.document['id']}"
    page = user.http.get(f"{path}/pages/1")
    assert page.status_code == 200 and user.word in page.json()["text"], page.text
    original = user.http.get(f"{path}/file")
    assert original.status_code == 200 and user.word in original.text
    asked = user.http.post(f"{path}/chat", json={"question": f"What colour is the {user.word}?"})
    assert asked.status_code == 200 and user.word in asked.text, asked.text


def refreshed(user, url):
    """Access tokens are signed by keys that the master key wraps."""
    answer = user.at(url).http.post("/auth/refresh", json={"refresh_token": user.refresh_token})
    assert answer.status_code == 200, answer.text
    user.token = answer.json()["access_token"]
    user.refresh_token = answer.json()["refresh_token"]
    return user.at(url)


def wraps(stack):
    return stack.sql(
        "SELECT wrapped_key, master_key_id FROM subject_keys "
        "UNION ALL SELECT private_key, master_key_id FROM signing_keys"
    )


def restart_all(stack, balancer, env):
    """Nodes and workers, one by one, into other settings."""
    stack.extra_env = env
    for url in list(balancer.urls):
        fresh = stack.start_node()
        balancer.add(fresh)
        balancer.take_out(url)
        stack.stop_node(url)
    for worker in stack.workers():
        fresh = stack.start_worker()
        wait_until("the new worker works", lambda: fresh.log_lines(event__action="start"))
        worker.stop()


@pytest.fixture
def own_stack():
    stacks = []

    def make(**env):
        stacks.append(Stack(env))
        return stacks[-1]

    yield make
    for stack in stacks:
        stack.close()


def test_a_new_key_takes_over_under_load(own_stack):
    stack = own_stack(STOA_MASTER_KEY=OLD)
    balancer = Balancer([stack.url, stack.start_node()])
    load = Load(balancer)
    load.wait_for_more()
    both = {"STOA_MASTER_KEY": NEW, "STOA_MASTER_KEY_PREVIOUS": OLD}
    restart_all(stack, balancer, both)
    load.wait_for_more()
    old_ids = {key for _, key in wraps(stack)}
    assert len(old_ids) == 1  # those that have both wrap by the old one until it is rotated
    old_wraps = [bytes(wrap).hex().encode() for wrap, _ in wraps(stack)]
    assert all(wrap in dump(stack) for wrap in old_wraps)

    rotated = stack.run("keys", "rotate")
    assert rotated.returncode == 0, rotated.stderr
    load.wait_for_more()
    restart_all(stack, balancer, {"STOA_MASTER_KEY": NEW})
    load.wait_for_more()
    load.end()

    new_ids = {key for _, key in wraps(stack)}
    assert len(new_ids) == 1 and new_ids.isdisjoint(old_ids)
    content = dump(stack)
    assert not any(wrap in content for wrap in old_wraps)
    for user in load.people:
        check_reads(refreshed(user, balancer.urls[0]))
    status = stack.run("keys", "status").stdout.splitlines()
    assert len(status) == 1 and status[0].endswith("active"), status
    assert status[0].startswith(next(iter(new_ids))), status
    assert stack.run("audit", "verify").returncode == 0
    entries = stack.sql("SELECT subject FROM audit_log WHERE action = 'master_key_rotated'")
    assert entries == [(next(iter(old_ids)),)]
    check_old_key_alone(stack, load.people[0])


def check_old_key_alone(stack, user):
    """A node that was forgotten says what is wrong with it."""
    url = stack.start_node(env={"STOA_MASTER_KEY": OLD})
    page = user.at(url).http.get(f"/documents/{user.document['id']}/pages/1")
    assert (page.status_code, page.json()["code"]) == (500, "master_key_wrong")
    stack.stop_node(url)
    verified = stack.run("audit", "verify", STOA_MASTER_KEY=OLD)
    assert verified.returncode == 1 and "another key" in verified.stderr


def test_a_key_in_the_data_folder_is_replaced_with_no_restart(own_stack):
    stack = own_stack()
    file = stack.data_dir / "master.key"
    old = file.read_text()
    balancer = Balancer([stack.url, stack.start_node()])
    load = Load(balancer)
    load.wait_for_more()
    runs = [
        subprocess.Popen([BUILD / "src" / "stoa", "keys", "rotate"], env=stack.env())
        for _ in range(2)
    ]
    assert [run.wait(60) for run in runs] == [0, 0]
    load.wait_for_more()
    load.end()
    assert len(file.read_text().splitlines()) == 1 and old.strip() not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in stack.data_dir.iterdir() if "key" in path.name) == [
        "master.key"
    ]
    fresh = stack.start_node()
    for user in load.people:
        check_reads(refreshed(user, fresh))
    assert len({key for _, key in wraps(stack)}) == 1
    assert stack.run("audit", "verify").returncode == 0


def test_a_rotation_that_was_killed_is_finished_by_the_next(own_stack):
    stack = own_stack(STOA_MASTER_KEY=OLD)
    people = [stack.new_user() for _ in range(130)]
    for user in people:  # what is sent under a key is kept sealed: now each has a key of their own
        answer = user.http.post(
            "/rooms/create",
            json={"name": "Mine", "room_type": "private"},
            headers={"Idempotency-Key": "mine"},
        )
        assert answer.status_code == 201
        user.created = answer.content
    both = {"STOA_MASTER_KEY": NEW, "STOA_MASTER_KEY_PREVIOUS": OLD}
    stack.sql(
        "CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_sleep(0.02); RETURN new; END $$"
    )
    stack.sql(
        "CREATE TRIGGER linger BEFORE UPDATE ON subject_keys FOR EACH ROW EXECUTE FUNCTION linger()"
    )
    killed = Program(
        "rotate", [BUILD / "src" / "stoa", "keys", "rotate"], stack.dir, env=stack.env(**both)
    )
    ids = "SELECT count(DISTINCT master_key_id) FROM subject_keys"
    wait_until("some are wrapped anew", lambda: stack.sql(ids) == [(2,)])
    killed.stop(signal.SIGKILL)
    stack.sql("DROP TRIGGER linger ON subject_keys")
    told = stack.run("keys", "status", **both).stdout.splitlines()
    assert len(told) == 2 and "active" in told[0] and "active" not in told[1], told

    finished = stack.run("keys", "rotate", **both)
    assert finished.returncode == 0, finished.stderr
    assert stack.sql(ids) == [(1,)]
    node = stack.start_node(env={"STOA_MASTER_KEY": NEW})
    for user in people:
        again = user.at(node).http.post(
            "/rooms/create",
            json={"name": "Mine", "room_type": "private"},
            headers={"Idempotency-Key": "mine"},
        )
        assert again.content == user.created and again.headers["Idempotent-Replayed"] == "true"


def test_a_rotation_without_the_old_key_changes_nothing(own_stack):
    stack = own_stack(STOA_MASTER_KEY=OLD)
    user = stack.new_user()
    user.document = ready(user, b"The colour of the owl is green.", name="notes.txt")
    user.word = "owl"
    before = wraps(stack)
    refused = stack.run("keys", "rotate", STOA_MASTER_KEY=NEW)
    assert refused.returncode == 1 and "master key" in refused.stderr
    assert wraps(stack) == before
    check_reads(user)
    bad = stack.run("keys", "rotate", STOA_MASTER_KEY_PREVIOUS="zz")
    assert bad.returncode == 2 and "master_key_previous should hold 64" in bad.stderr
    status = stack.run("keys", "status", STOA_MASTER_KEY=base64.b16encode(os.urandom(32)).decode())
    assert "not given here" in status.stdout and "nothing; given here" in status.stdout
