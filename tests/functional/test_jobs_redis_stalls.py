# SPDX-License-Identifier: Apache-2.0
"""Jobs while Redis stands still: it neither answers nor closes its connections, and does what it
was asked once it wakes."""

import os
import signal
import time

import celery

from stack import wait_until

STALLS = 5
SENT_EACH = 60


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


def test_a_worker_keeps_its_job_while_redis_stands_still(stack):
    """There is much to ask Redis: a dead worker's messages, an end to tell, jobs of others."""
    stack.start_job_worker()
    wait_until(
        "it is known", lambda: stack.sql("SELECT count(*) FROM worker_heartbeats") == [(2,)]
    )
    stack.workers()[0].stop(signal.SIGKILL)
    [told, _, job] = stack.enqueue(
        "stoa 0 0 test.effect {}",
        "python 0 0 never.answered {}",
        'stoa 0 0 test.effect {"milliseconds": 20000}',
    )
    wait_until("it runs", lambda: stack.state(job) == "running")
    wait_until("the other one is done", lambda: stack.state(told) == "done")
    os.kill(stack.programs["redis"].pid, signal.SIGSTOP)
    try:
        stack.sql("UPDATE jobs SET is_report_due = true WHERE id = %s", [told])
        stack.enqueue("python 0 0 never.sent {}")
        wait_until("it is done", lambda: stack.state(job) == "done")
    finally:
        os.kill(stack.programs["redis"].pid, signal.SIGCONT)
    assert stack.sql("SELECT attempt FROM jobs WHERE id = %s", [job]) == [(1,)]
    assert stack.effects(job) == 1
