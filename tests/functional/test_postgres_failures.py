# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL dies in mid-commit, or hands over to its standby, while many write: what was
acknowledged is there once, and every room's sequence has no gap."""

import collections
import contextlib
import os
import random
import shutil
import signal
import subprocess
import threading
import time
import uuid

import psycopg
import pytest
import requests

from stack import Program, Stack, die_with_parent, wait_until

# A deferred trigger runs inside COMMIT: much of each transaction's time is spent there.
SLOW_COMMITS = """
CREATE FUNCTION slow_commit() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_sleep(0.005); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON room_events DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION slow_commit();
"""


class Writers:
    """People who write into their rooms; each message is sent again, under the same
    client_msg_id, until it is acknowledged."""

    def __init__(self, user, rooms=3, each=2):
        self.rooms = [user.room()["id"] for _ in range(rooms)]
        self.acknowledged = {}  # client_msg_id: (room, seq, text)
        self.refused = collections.Counter()
        self.stopping = threading.Event()
        self.failures = []
        self.threads = [
            threading.Thread(target=self._write, args=(user.at(user.url), room), daemon=True)
            for room in self.rooms
            for _ in range(each)
        ]
        for thread in self.threads:
            thread.start()

    def _write(self, user, room):
        try:
            while not self.stopping.is_set():
                key = str(uuid.uuid4())
                self.acknowledged[key] = (room, self._send(user, room, key), "text of " + key)
        except Exception as error:  # told by finish()
            self.failures.append(error)

    def _send(self, user, room, key):
        body = {"content": "text of " + key, "client_msg_id": key}
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            answer = user.http.post(f"/rooms/{room}/messages", json=body)
            if answer.status_code in (200, 201):
                return answer.json()["seq"]
            assert answer.status_code == 503, answer.text
            assert "Retry-After" in answer.headers
            self.refused[answer.json()["code"]] += 1
            time.sleep(0.02)
        raise AssertionError(f"a message was refused for a minute: {self.refused}")

    def wait_for_more(self, count):
        goal = len(self.acknowledged) + count
        wait_until(f"{count} more messages", lambda: len(self.acknowledged) >= goal)

    def finish(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(90)
        assert not self.failures, self.failures[0]

    def check(self, database_url):
        """Exactly what was acknowledged is stored, under the seq that was told, without gaps."""
        with psycopg.connect(database_url, autocommit=True) as connection:
            stored = connection.execute(
                "SELECT client_msg_id, room_id::text, seq, content FROM chat_messages "
                "WHERE room_id = ANY(%s::uuid[])",
                (self.rooms,),
            ).fetchall()
            assert len(stored) == len(self.acknowledged)
            assert {row[0]: row[1:] for row in stored} == self.acknowledged
            for room in self.rooms:
                seqs = connection.execute(
                    "SELECT seq FROM room_events WHERE room_id = %s ORDER BY seq", (room,)
                ).fetchall()
                assert [seq for (seq,) in seqs] == list(range(1, len(seqs) + 1))


@pytest.fixture
def slow_commits(stoa):
    stoa.sql(SLOW_COMMITS)
    yield
    stoa.heal()
    stoa.sql("DROP TRIGGER slow_commit ON room_events; DROP FUNCTION slow_commit()")


def kill_server(stoa):
    stoa.kill_postgres()
    stoa.start_postgres()


def kill_backend(stoa):
    """The server ends all its other processes too, and recovers by itself."""
    (pid,) = random.choice(
        stoa.sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'stoa'")
    )
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("kill", [kill_server, kill_backend])
def test_killed_in_mid_commit_it_loses_and_repeats_nothing(stoa, slow_commits, new_user, kill):
    writers = Writers(new_user())
    for _ in range(6):
        writers.wait_for_more(random.randint(5, 60))
        time.sleep(random.uniform(0, 0.02))  # anywhere in a transaction
        kill(stoa)
    writers.wait_for_more(20)
    writers.finish()
    assert "commit_unknown" in writers.refused, writers.refused
    assert set(writers.refused) <= {"commit_unknown", "database_unavailable", "database_busy"}
    writers.check(stoa.database_url)


class Pair(Stack):
    """A primary that waits for its standby at every commit, and a node that knows both."""

    def __init__(self):
        super().__init__()
        self.standby_dir = self.dir / "standby"
        self.standby_dir.mkdir()
        self.standby_url = self.database_url.replace(
            f"host={self.dir / 'postgres'}", f"host={self.standby_dir}"
        )
        self._start_standby()
        self.sql("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
        self.sql("SELECT pg_reload_conf()")
        wait_until(
            "the standby is synchronous",
            lambda: self.sql("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"),
        )
        both = f"host={self.dir / 'postgres'},{self.standby_dir} user=stoa dbname=postgres"
        self.pair_url = self.start_node({"STOA_DATABASE_URL": both})

    def _start_standby(self):
        if self.pg_user:
            shutil.chown(self.standby_dir, self.pg_user)
        subprocess.run(
            [
                self.pg_bin / "pg_basebackup",
                f"--dbname=host={self.dir / 'postgres'} user=stoa application_name=standby",
                f"--pgdata={self.standby_dir / 'data'}",
                "--write-recovery-conf",
                "--checkpoint=fast",
                "--no-sync",
            ],
            check=True,
            capture_output=True,
            cwd=self.standby_dir,
            preexec_fn=die_with_parent(self.pg_user),
        )
        self.programs["standby"] = Program(
            "standby",
            [
                self.pg_bin / "postgres",
                "-D",
                self.standby_dir / "data",
                "-k",
                self.standby_dir,
                "-c",
                "listen_addresses=",
                "-c",
                "shared_buffers=64MB",
                "-c",
                "fsync=off",
            ],
            self.dir,
            user=self.pg_user,
            death_signal=signal.SIGQUIT,
        )

    def promote(self):
        with psycopg.connect(self.standby_url, autocommit=True) as connection:
            assert connection.execute("SELECT pg_promote()").fetchone()[0]


@pytest.fixture
def pair():
    stack = Pair()
    yield stack
    stack.close()


def turn_read_only(stack):
    stack.sql("ALTER SYSTEM SET default_transaction_read_only = on")
    stack.sql("SELECT pg_reload_conf()")


@pytest.mark.parametrize("leave", [Stack.kill_postgres, turn_read_only])
def test_the_standby_takes_over_and_nothing_acknowledged_is_lost(pair, leave):
    writers = Writers(pair.new_user(pair.pair_url))
    writers.wait_for_more(50)
    leave(pair)
    wait_until("writes are refused", lambda: writers.refused)
    pair.promote()
    writers.wait_for_more(50)
    writers.finish()
    assert set(writers.refused) <= {"commit_unknown", "database_unavailable", "database_busy"}
    writers.check(pair.standby_url)
    assert requests.get(pair.pair_url + "/readyz", timeout=10).json()["parts"]["postgres"]["ok"]
