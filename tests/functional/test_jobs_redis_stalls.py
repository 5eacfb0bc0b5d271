# SPDX-License-Identifier: Apache-2.0
"""Jobs while Redis stands still: it neither answers nor closes its connections, and does what it
was asked once it wakes."""

import os
import signal
import time

import celery
import pytest

from job_programs import JobStack
from stack import wait_until

STALLS = 5
SENT_EACH = 60


@pytest.fixture(scope="module")
def stack():
    made = JobStack()
    yield made
    made.close()


def test_a_redis_that_stalls_loses_no_message(stack):
    app = celery.Celery(broker=stack.redis_url, backend=stack.redis_url, set_as_current=False)
    redis = stack.programs["redis"]
    worker = stack.last_worker
    sent = []
    for _ in range(STALLS):
        # So there are messages that a command which nobody waits for any more can move.
        os.kill(worker.pid, signal.SIGSTOP)
        sent += [
            app.send_task("test.effect", kwargs={}, queue="stoa") for _ in range(SENT_EACH)
        ]
        os.kill(redis.pid, signal.SIGSTOP)
        os.kill(worker.pid, signal.SIGCONT)
        time.sleep(2)  # longer than a worker waits for an answer
        os.kill(redis.pid, signal.SIGCONT)
    wait_until(
        "all are done",
        lambda: stack.sql(
            "SELECT count(*) FROM jobs WHERE state = 'done' AND id::text = ANY (%s)",
            [[one.id for one in sent]],
        )
        == [(STALLS * SENT_EACH,)],
    )
    assert [one.get(timeout=30) for one in sent] == [1] * len(sent)
    assert stack.redis().keys("*taken*") == []
