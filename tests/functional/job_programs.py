# SPDX-License-Identifier: Apache-2.0
"""A stack whose jobs are those of tests/programs/job_worker.cpp."""

import os
import signal
import subprocess
import sys

import redis

from stack import BUILD, Program, Stack, wait_until

JOB_WORKER = os.environ.get("STOA_JOB_WORKER", str(BUILD / "tests" / "programs" / "job_worker"))


class JobStack(Stack):
    def __init__(self):
        self.last_worker = None
        super().__init__()

    @property
    def redis_url(self):
        return f"redis://127.0.0.1:{self.redis_port}/0"

    def start_node(self, env=None):
        """None: jobs need no `stoa serve`."""
        return None

    def wait_ready(self, url=None):
        wait_until(
            "a worker beats", lambda: self.sql("SELECT count(*) FROM worker_heartbeats")[0][0] > 0
        )

    def start_worker(self):
        self.sql(
            "CREATE TABLE IF NOT EXISTS job_effects "
            "(id bigint GENERATED ALWAYS AS IDENTITY, job uuid, task text, attempt integer)"
        )
        return self.start_job_worker()

    def start_job_worker(self, threads=2):
        name = f"work-{sum(n.startswith('work-') for n in self.programs)}"
        self.programs[name] = self.last_worker = Program(
            name,
            [JOB_WORKER, self.database_url, self.redis_url],
            self.dir,
            env={**os.environ, "JOB_WORKER_THREADS": str(threads)},
        )
        return self.last_worker

    def job_workers(self):
        return self.workers()

    def stop_workers(self, how=signal.SIGTERM):
        for program in self.workers():
            program.stop(how)

    def enqueue(self, *lines):
        """Each "QUEUE PRIORITY DELAY_SECONDS TASK ARGUMENTS"; their ids."""
        done = subprocess.run(
            [JOB_WORKER, self.database_url, self.redis_url, "enqueue"],
            input="\n".join(lines),
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        ids = done.stdout.split()
        assert len(ids) == len(lines), done.stderr
        return ids

    def state(self, job):
        rows = self.sql("SELECT state FROM jobs WHERE id = %s", [job])
        return rows[0][0] if rows else None

    def effects(self, job):
        return self.sql("SELECT count(*) FROM job_effects WHERE job = %s", [job])[0][0]

    def celery(self, *words):
        """Celery's command line, run to its end."""
        return subprocess.run(
            [sys.executable, "-m", "celery", "-b", self.redis_url, *words],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=self.dir,
        )

    def redis(self):
        return redis.Redis(port=self.redis_port)

    def all_done(self, task, count, seconds):
        wait_until(
            f"{count} × {task} are done",
            lambda: self.sql(
                "SELECT count(*) FROM jobs WHERE task = %s AND state = 'done'", [task]
            )[0][0]
            == count,
            seconds,
            every=0.3,
        )
