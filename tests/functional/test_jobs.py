# SPDX-License-Identifier: Apache-2.0
"""Jobs when things die: workers killed at random, Redis flushed, leases that lapse."""

import random
import signal
import time

import celery

from stack import wait_until

KILLS = 50


def kill_some_worker(stack, chance):
    victim = chance.choice(stack.workers())
    victim.stop(signal.SIGKILL)
    stack.start_job_worker()


def test_fifty_killed_workers_and_a_flushed_redis_lose_nothing_and_repeat_nothing(stack):
    chance = random.Random(4)
    ours = stack.enqueue(*['stoa 0 0 test.effect {"milliseconds": 40}'] * 400)
    stack.start_job_worker()
    app = celery.Celery(broker=stack.redis_url, backend=stack.redis_url, set_as_current=False)
    for count in range(KILLS):
        if count == KILLS // 3:
            stack.redis().flushall()
        if count == KILLS // 2:
            foreign = [
                app.send_task("test.effect", kwargs={"milliseconds": 40}, queue="stoa").id
                for _ in range(100)
            ]
        time.sleep(chance.uniform(0.05, 0.5))  # the hour of death
        kill_some_worker(stack, chance)
    everything = ours + foreign
    wait_until(
        "all are done",
        lambda: stack.sql(
            "SELECT count(*) FROM jobs WHERE id::text = ANY (%s) AND state = 'done'", [everything]
        )[0][0]
        == len(everything),
        180,
        every=0.5,
    )
    rows = stack.sql(
        "SELECT count(*), count(DISTINCT job) FROM job_effects WHERE job::text = ANY (%s)",
        [everything],
    )
    assert rows == [(len(everything), len(everything))]
    [(again,)] = stack.sql(
        "SELECT count(*) FROM jobs WHERE id::text = ANY (%s) AND attempt > 1", [everything]
    )
    assert again > 0, "no kill hit a job"


def test_postgres_killed_in_mid_commit_loses_nothing_and_repeats_nothing(stack):
    """An effect and its acknowledgement are one commit, answered or not."""
    jobs = stack.enqueue(*['stoa 0 0 test.effect {"milliseconds": 20}'] * 600)
    done = "SELECT count(*) FROM jobs WHERE id::text = ANY (%s) AND state = 'done'"
    for _ in range(4):
        before = stack.sql(done, [jobs])[0][0]
        wait_until("some are done", lambda: stack.sql(done, [jobs])[0][0] > before + 30, every=0.01)
        stack.kill_postgres()
        stack.start_postgres()
    wait_until("all are done", lambda: stack.sql(done, [jobs]) == [(len(jobs),)], 180, every=0.5)
    rows = "SELECT count(*), count(DISTINCT job) FROM job_effects WHERE job::text = ANY (%s)"
    assert stack.sql(rows, [jobs]) == [(len(jobs), len(jobs))]


def test_a_lapsed_lease_is_redelivered_within_ten_seconds(stack):
    while len(stack.workers()) > 1:
        stack.workers()[0].stop()
    [job] = stack.enqueue('stoa 0 0 test.effect {"milliseconds": 1500}')
    wait_until("it runs", lambda: stack.state(job) == "running")
    victim = stack.workers()[0]
    stack.start_job_worker()
    victim.stop(signal.SIGKILL)
    killed = time.monotonic()
    wait_until(
        "another worker has it",
        lambda: stack.sql("SELECT attempt FROM jobs WHERE id = %s", [job]) == [(2,)],
        60,
    )
    assert time.monotonic() - killed <= 10
    wait_until("it is done", lambda: stack.state(job) == "done")
    assert stack.effects(job) == 1


def test_each_tick_is_enqueued_once_by_many_workers(stack):
    """A tick of the clock moves `last_tick` on by a second or more, and makes one job at most."""
    for _ in range(2):
        stack.start_job_worker()

    def so_far():  # of one snapshot
        return stack.sql(
            "SELECT extract(epoch FROM last_tick), (SELECT count(*) FROM jobs WHERE task = %s)"
            " FROM periodic_jobs WHERE name = 'tick'",
            ["test.tick"],
        )

    [(first, before)] = wait_until("a first tick came", so_far)
    wait_until("some more ticks came", lambda: so_far()[0][1] >= before + 4)
    [(last, after)] = so_far()
    assert 4 <= after - before <= last - first


def test_a_task_that_does_not_end_loses_its_job_and_the_worker_goes_on(stack):
    stack.stop_workers()
    stack.start_job_worker()
    [deaf] = stack.enqueue('stoa 0 0 test.limited {"milliseconds": 7000, "is_deaf": true}')
    wait_until(
        "the limit was hit",
        lambda: stack.sql("SELECT last_error_code FROM jobs WHERE id = %s", [deaf])
        == [("hard_time_limit",)],
    )
    [other] = stack.enqueue("stoa 0 0 test.effect {}")
    wait_until("the worker goes on", lambda: stack.state(other) == "done")
    stack.stop_workers(signal.SIGKILL)
    stack.start_job_worker()
    stack.sql(
        "UPDATE jobs SET state = 'cancelled', finished_at = now(), lease_until = NULL, "
        "lease_token = NULL WHERE id = %s",
        [deaf],
    )
    assert stack.effects(deaf) == 0
