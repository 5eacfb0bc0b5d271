# SPDX-License-Identifier: Apache-2.0
"""`stoa up`: starts, stops, survives, refuses; leaves no child behind and harms nothing."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile

import psycopg
import pytest
import requests

from stack import BUILD, MODEL, die_with_parent, free_port, wait_until

STOA = BUILD / "src" / "stoa"


def environment():
    kept = {k: v for k, v in os.environ.items() if not k.startswith("STOA_")}
    program = next(BUILD.glob("src/**/stoa-extract"))
    return kept | {"STOA_MODEL_DIR": str(MODEL), "STOA_EXTRACT_PROGRAM": str(program)}


def processes():
    """{pid: (parent, start time, name)} of all that live, zombies left out."""
    found = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            name, rest = re.match(r"\d+ \((.*)\) (.*)", stat.read_text(), re.S).groups()
        except (OSError, AttributeError):
            continue
        fields = rest.split()
        if fields[0] != "Z":
            found[int(stat.parent.name)] = (int(fields[1]), fields[19], name)
    return found


def family(pid):
    """{(pid, start time): name} of all that descend from pid."""
    everyone, found, parents = processes(), {}, {pid}
    while parents:
        children = {p for p, (parent, _, _) in everyone.items() if parent in parents}
        found.update({(p, everyone[p][1]): everyone[p][2] for p in children})
        parents = children
    return found


class Up:
    """One `stoa up` on a data directory, ready when made."""

    def __init__(self, data):
        self.data, self.port = data, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.out = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [STOA, "up", "--data", data, "--port", str(self.port), "--no-demo"],
            env=environment(),
            stdout=self.out,
            stderr=self.out,
            preexec_fn=die_with_parent(),
        )
        wait_until("up is ready", lambda: "Stoa is ready." in self.output() or self.ended(), 120)
        assert not self.ended(), self.output()

    def output(self):
        self.out.seek(0)
        return self.out.read()

    def ended(self):
        return self.process.poll() is not None

    def ready(self):
        return requests.get(f"{self.url}/readyz", timeout=2).status_code == 200

    def query(self, statement):
        conninfo = re.search(r'psql "(.*)"', self.output())[1]
        with psycopg.connect(conninfo, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def end(self, how=signal.SIGTERM):
        """Sends the signal; the exit status. Nothing that ran below is left."""
        children = family(self.process.pid)
        names = {name.split("-")[0] for name in children.values()}
        assert {"postgres", "redis", "stoa"} <= names, names
        self.process.send_signal(how)
        status = self.process.wait(60)

        def left():
            now = processes()
            return {k: n for k, n in children.items() if k[0] in now and now[k[0]][1] == k[1]}

        wait_until(f"the children end after {how}", lambda: not left(), 15)
        return status


@pytest.fixture(scope="module")
def data():
    """A data directory that the tests of this file start on again and again."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="stoa-up-"))
    folder.chmod(0o755)
    yield folder / "data"
    shutil.rmtree(folder)


def refused(*arguments):
    """Runs an `up` that must fail by itself; what it said."""
    done = subprocess.run(
        [STOA, "up", "--no-demo", *map(str, arguments)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr.startswith("stoa: ")
    return done.stderr


def listing(folder):
    return {p: p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


def test_once_starts_everything_and_stops(data):
    """A key alone is no model: nobody is asked by it."""
    done = subprocess.run(
        [STOA, "up", "--data", data, "--port", "0", "--once", "--no-demo"],
        env=environment() | {"STOA_LLM_API_KEY": "of no use"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for told in ("Stoa is ready.", str(data), "http://localhost:", "pgvector", "offline, extr"):
        assert told in done.stdout


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_leaves_no_child_and_loses_nothing(data, how):
    up = Up(data)
    up.query("create table if not exists kept (how text)")
    up.query(f"insert into kept values ('{how.name}')")
    assert up.end(how) == (-how if how == signal.SIGKILL else 0)

    again = Up(data)
    assert (how.name,) in again.query("select how from kept")
    assert again.end() == 0


def test_what_crashes_is_started_again(data):
    up = Up(data)
    programs = family(up.process.pid)
    victims = [pid for (pid, _), name in programs.items() if name == "stoa"]
    assert len(victims) == 2
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    wait_until(
        "new ones run",
        lambda: len(
            [n for k, n in family(up.process.pid).items() if n == "stoa" and k not in programs]
        )
        == 2,
    )
    wait_until("ready again", up.ready)
    assert up.end() == 0


def test_a_second_up_on_the_same_data_is_refused(data):
    up = Up(data)
    said = refused("--data", data, "--port", 0)
    assert f"in use by process {up.process.pid}" in said and "--data" in said
    assert up.ready()
    assert up.end() == 0


def test_a_busy_port_is_named_before_anything_is_made(data):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        said = refused("--data", data.parent / "not-made", "--port", port)
    assert f"port {port} of 127.0.0.1" in said and "--port" in said
    assert not (data.parent / "not-made").exists()


def test_a_foreign_folder_stays_as_it_is(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("years of work")
    before = listing(tmp_path)
    assert "was not made by Stoa" in refused("--data", tmp_path, "--port", 0)
    assert listing(tmp_path) == before


def test_newer_data_stays_as_it_is(tmp_path):
    (tmp_path / "VERSION").write_text("stoa data format 99\n")
    before = listing(tmp_path)
    assert "newer Stoa (format 99" in refused("--data", tmp_path, "--port", 0)
    assert listing(tmp_path) == before


def test_a_full_disk_is_named_first():
    # The one file system that is full everywhere.
    said = refused("--data", "/proc/stoa-data", "--port", 0)
    assert "0 MB are free" in said and "--data" in said


def test_a_path_too_long_for_a_socket_works(data):
    deep = data.parent / ("deep-" * 30) / "data"
    up = Up(deep)
    assert up.end() == 0
