# SPDX-License-Identifier: Apache-2.0
"""A whole Stoa on this machine for tests: private PostgreSQL and Redis, serve nodes and workers,
each of which a test may kill and start again. Everything lies in one temporary folder and dies
with the tests."""

import base64
import contextlib
import ctypes
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import psycopg
import requests
from solders.keypair import Keypair

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("STOA_BUILD_DIR", ROOT / "build" / "dev"))
MODEL = pathlib.Path(os.environ.get("STOA_MODEL_DIR", ROOT / ".stoa" / "models" / "minilm"))
# A program under a sanitizer takes several times as long.
PATIENCE = {"asan": 4, "tsan": 10}.get(BUILD.name, 1)
PR_SET_PDEATHSIG = 1


def die_with_parent(user=None, death_signal=signal.SIGKILL):
    def prepare():
        if user is not None:
            entry = pwd.getpwnam(user)
            os.setgroups([])
            os.setgid(entry.pw_gid)
            os.setuid(entry.pw_uid)
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal)

    return prepare


def wait_until(what, check, seconds=60.0, every=0.05):
    """Polls `check` until it is true; fails with `what` at the deadline."""
    seconds *= PATIENCE
    deadline = time.monotonic() + seconds
    last = None
    while time.monotonic() < deadline:
        try:
            value = check()
            if value:
                return value
        except (requests.RequestException, OSError, psycopg.Error) as error:
            last = error
        time.sleep(every)
    raise AssertionError(f"waited {seconds} s in vain: {what} ({last})")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Program:
    """One child process with its log file."""

    def __init__(
        self,
        name,
        command,
        log_dir,
        env=None,
        user=None,
        death_signal=signal.SIGKILL,
        executable=None,
    ):
        self.name = name
        self.log = log_dir / f"{name}.log"
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                command,
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                executable=executable,
                env=env,
                preexec_fn=die_with_parent(user, death_signal),
                cwd=log_dir,
            )

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process.poll() is None

    def stop(self, how=signal.SIGTERM, seconds=20):
        if self.running():
            self.process.send_signal(how)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"{self.name} did not stop within {seconds} s; see {self.log}")

    def log_lines(self, **wanted):
        """Its log lines that have these values; `__` in a name stands for a dot."""
        wanted = {key.replace("__", "."): value for key, value in wanted.items()}
        wanted["process.pid"] = self.pid
        lines = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [line for line in lines if wanted.items() <= line.items()]

    def tail(self, lines=30):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


class Stack:
    def __init__(self, env=None):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="stoa-test-"))
        self.dir.chmod(0o755)
        self.data_dir = self.dir / "data"
        self.data_dir.mkdir()
        self.extra_env = dict(env or {})
        self.programs = {}
        self.nodes = {}
        self.pg_bin = sorted(
            pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"),
            key=lambda p: int(p.parts[-3]),
        )[-1].parent
        self.pg_user = "postgres" if os.geteuid() == 0 else None
        self.redis_port = free_port()
        self._init_postgres()
        self.start_postgres()
        self.start_redis()
        subprocess.run(
            [BUILD / "src" / "stoa", "migrate"],
            env=self.env(),
            check=True,
            capture_output=True,
            text=True,
        )
        self.url = self.start_node()
        self.start_worker()
        self.wait_ready()

    # -- parts ---------------------------------------------------------------------------------
    def _init_postgres(self):
        pg = self.dir / "postgres"
        pg.mkdir()
        if self.pg_user:
            shutil.chown(pg, self.pg_user)
        subprocess.run(
            [
                self.pg_bin / "initdb",
                "-D",
                pg / "data",
                "-U",
                "stoa",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
                "-N",
            ],
            check=True,
            capture_output=True,
            cwd=pg,
            preexec_fn=die_with_parent(self.pg_user),
        )
        self.database_url = f"host={pg} user=stoa dbname=postgres"

    def start_postgres(self):
        pg = self.dir / "postgres"
        self.programs["postgres"] = Program(
            "postgres",
            [
                self.pg_bin / "postgres",
                "-D",
                pg / "data",
                "-k",
                pg,
                "-c",
                "listen_addresses=",
                "-c",
                "max_connections=100",
                "-c",
                "shared_buffers=64MB",
                "-c",
                "fsync=off",
                "-c",
                "log_min_duration_statement=-1",
            ],
            self.dir,
            user=self.pg_user,
            death_signal=signal.SIGQUIT,
        )
        program = self.programs["postgres"]

        def answers():
            assert program.running(), program.tail()
            psycopg.connect(self.database_url, connect_timeout=2).close()
            return True

        wait_until("PostgreSQL answers", answers)

    def stop_postgres(self, how=signal.SIGQUIT):
        self.programs["postgres"].stop(how)

    @contextlib.contextmanager
    def frozen_postgres(self):
        """The server and all its processes stand still: it takes connections and says nothing."""
        program = self.programs["postgres"]
        os.kill(program.pid, signal.SIGSTOP)
        children = pathlib.Path(f"/proc/{program.pid}/task/{program.pid}/children").read_text()
        pids = [*map(int, children.split()), program.pid]
        try:
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    def kill_postgres(self):
        """kill -9 of the server and all its processes, as when its machine dies."""
        program = self.programs["postgres"]
        # Stopped, it forks no further process that would outlive it and bar the next start.
        os.kill(program.pid, signal.SIGSTOP)
        children = pathlib.Path(f"/proc/{program.pid}/task/{program.pid}/children").read_text()
        program.stop(signal.SIGKILL)
        for pid in map(int, children.split()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def start_redis(self):
        binary = shutil.which("redis-server") or "/usr/bin/redis-check-rdb"
        self.programs["redis"] = Program(
            "redis",
            [
                "redis-server",
                "--port",
                str(self.redis_port),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
                str(self.dir),
            ],
            self.dir,
            executable=binary,
        )
        wait_until(
            "Redis answers",
            lambda: socket.create_connection(("127.0.0.1", self.redis_port), 1).close() or True,
        )

    def stop_redis(self):
        self.programs["redis"].stop(signal.SIGKILL)

    def env(self, **more):
        env = {k: v for k, v in os.environ.items() if not k.startswith("STOA_")}
        env.update(
            STOA_DATABASE_URL=self.database_url,
            STOA_REDIS_URL=f"redis://127.0.0.1:{self.redis_port}/0",
            STOA_DATA_DIR=str(self.data_dir),
            STOA_MODEL_DIR=str(MODEL),
            STOA_EXTRACT_PROGRAM=str(next(BUILD.glob("src/**/stoa-extract"))),
            STOA_LOG_FORMAT="json",
            STOA_LOG_LEVEL="debug",
            STOA_HTTP_ADDRESS="127.0.0.1",
            STOA_PUBLIC_URL="http://localhost:8080",
            # Many people sign in from one address here; test_limits.py has nodes of its own.
            STOA_RATE_LIMIT_PERCENT="100000",
            # No proxy needs time to notice that a node leaves; test_drain.py has one.
            STOA_HTTP_DRAIN_SECONDS="0",
        )
        env.update(self.extra_env)
        env.update(more)
        return env

    def start_node(self, env=None, port=None, ca=None):
        """A further `stoa serve` process; its URL. With the file of a CA it speaks TLS."""
        port = port or free_port()
        name = f"serve-{len(self.nodes)}"
        url = f"{'https' if ca else 'http'}://127.0.0.1:{port}"
        self.programs[name] = Program(
            name,
            [BUILD / "src" / "stoa", "serve"],
            self.dir,
            env=self.env(STOA_HTTP_PORT=str(port), **(env or {})),
        )
        self.nodes[url] = self.programs[name]
        program = self.programs[name]

        def up():
            assert program.running(), program.tail()
            return requests.get(url + "/healthz", timeout=2, verify=ca or True).ok

        wait_until(f"{name} answers", up)
        return url

    def stop_node(self, url, how=signal.SIGTERM):
        self.nodes.pop(url).stop(how)

    def start_worker(self):
        name = f"work-{sum(n.startswith('work-') for n in self.programs)}"
        self.programs[name] = Program(
            name, [BUILD / "src" / "stoa", "work"], self.dir, env=self.env()
        )
        return self.programs[name]

    def workers(self):
        return [p for n, p in self.programs.items() if n.startswith("work-") and p.running()]

    def worker_pids(self):
        return [p.pid for p in self.workers()]

    def kill_worker(self):
        """kill -9 of every worker (with what it started)."""
        for program in self.workers():
            program.stop(signal.SIGKILL)

    def wait_ready(self, url=None):
        def ready():
            for name, program in self.programs.items():
                if name == "serve-0":
                    assert program.running(), program.tail()
            return requests.get((url or self.url) + "/readyz", timeout=5).status_code == 200

        wait_until("readyz is 200", ready)

    def heal(self):
        """Starts again whatever a test has stopped."""
        if not self.programs["postgres"].running():
            self.start_postgres()
        if not self.programs["redis"].running():
            self.start_redis()
        if not self.workers():
            self.start_worker()
        self.wait_ready()

    def check_for_reports(self):
        """What a sanitizer said of a program is in its log; builds without one say nothing."""
        for name, program in self.programs.items():
            text = program.log.read_text(errors="replace")
            assert "Sanitizer" not in text and "runtime error:" not in text, f"{name}:\n{text}"

    def close_programs(self):
        for name in reversed(list(self.programs)):
            program = self.programs[name]
            if name == "postgres":
                program.stop(signal.SIGQUIT)
            elif name == "redis":
                program.stop(signal.SIGKILL)
            else:
                program.stop()

    def close(self):
        self.close_programs()
        self.check_for_reports()
        shutil.rmtree(self.dir, ignore_errors=True)

    # -- use -----------------------------------------------------------------------------------
    @property
    def ws_url(self):
        return self.url.replace("http://", "ws://")

    def sql(self, statement, parameters=()):
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            cursor = connection.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def run(self, *arguments, **more_env):
        """A command of `stoa` with this stack's settings, run to its end."""
        return subprocess.run(
            [BUILD / "src" / "stoa", *arguments],
            env=self.env(**more_env),
            capture_output=True,
            text=True,
            timeout=60,
        )

    def new_user(self, url=None):
        return User(url or self.url)


class Http(requests.Session):
    """A session for paths below /api/v1."""

    def __init__(self, url):
        super().__init__()
        self.base = url + "/api/v1"

    def request(self, method, path, **more):
        more.setdefault("timeout", 60)
        return super().request(
            method, path if path.startswith("http") else self.base + path, **more
        )


class User:
    """Someone with a fresh Solana key pair who signed in."""

    def __init__(self, url):
        self.url = url
        self.keypair = Keypair()
        self.address = str(self.keypair.pubkey())
        self.http = Http(url)
        challenge = self.http.post("/auth/siws/challenge", json={"address": self.address})
        assert challenge.status_code == 200, challenge.text
        message = challenge.json()["message"].encode()
        answer = self.http.post(
            "/auth/wallet/verify",
            json={
                "address": self.address,
                "signed_message": base64.b64encode(message).decode(),
                "signature": base64.b64encode(bytes(self.keypair.sign_message(message))).decode(),
            },
        )
        assert answer.status_code == 200, answer.text
        self.session = answer.json()
        self.token = self.session["access_token"]
        self.refresh_token = self.session["refresh_token"]
        self.id = self.session["user"]["id"]
        self.http.headers["Authorization"] = f"Bearer {self.token}"

    def at(self, url):
        """The same person on another node."""
        other = object.__new__(User)
        other.__dict__.update(self.__dict__)
        other.url = url
        other.http = Http(url)
        other.http.headers["Authorization"] = f"Bearer {self.token}"
        return other

    def room(self, **fields):
        answer = self.http.post(
            "/rooms/create", json={"name": "Test room", "room_type": "public", **fields}
        )
        assert answer.status_code == 201, answer.text
        return answer.json()
