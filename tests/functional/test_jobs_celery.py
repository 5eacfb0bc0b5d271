# SPDX-License-Identifier: Apache-2.0
"""Our worker and real Celery 5.7 over one Redis: tasks in both directions, errors, retries, ETA,
remote control, and Flower."""

import datetime
import os
import sys
import time

import celery
import celery.exceptions
import kombu.pools
import pytest
import requests

import py_tasks
from stack import Program, free_port, wait_until

SECONDS = 30


@pytest.fixture
def app(stack):
    return celery.Celery(
        "tests",
        broker=stack.redis_url,
        backend=stack.redis_url,
        set_as_current=False,
        task_default_queue="stoa",
    )


def send(app, task, arguments, **options):
    return app.send_task(task, kwargs=arguments, queue="stoa", **options)


def test_a_task_sent_by_python_runs_here_and_gives_its_result(app):
    value = {"text": "ü", "list": [1, None, 2.5]}
    assert send(app, "stoa.echo", {"value": value}).get(timeout=SECONDS) == value


def test_an_error_here_is_an_exception_there(app):
    failed = send(app, "stoa.echo", {"value": 1, "error": "as asked"})
    with pytest.raises(Exception, match="as asked") as caught:
        failed.get(timeout=SECONDS)
    assert type(caught.value).__name__ == "StoaError"
    assert caught.value.args == ("echo", "as asked")
    assert failed.status == "FAILURE"


def test_what_may_not_be_called_fails_as_with_celery(app):
    with pytest.raises(celery.exceptions.NotRegistered):
        send(app, "stoa.documents.ingest", {"document_id": "x"}).get(timeout=SECONDS)
    with pytest.raises(TypeError):
        send(app, "stoa.echo", {"other": 1}).get(timeout=SECONDS)
    with pytest.raises(TypeError):
        app.send_task("stoa.echo", args=[1], queue="stoa").get(timeout=SECONDS)
    linked = app.signature("stoa.echo", kwargs={"value": 1}, queue="stoa")
    with pytest.raises(NotImplementedError):
        (linked | linked.clone()).apply_async().parent.get(timeout=SECONDS)


def test_a_retry_is_seen_from_both_sides(stack, app):
    sent = send(app, "test.effect", {"failures": 3})
    seen = set()

    def ended():
        seen.add(sent.status)
        return sent.status == "SUCCESS"

    wait_until("it succeeds", ended, SECONDS, every=0.01)
    assert "RETRY" in seen
    assert sent.get(timeout=SECONDS) == 4
    assert stack.sql("SELECT attempt, last_error_code FROM jobs WHERE id = %s", [sent.id]) == [
        (4, "not_yet")
    ]
    assert stack.effects(sent.id) == 1


def test_an_eta_is_kept(stack, app):
    due = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)
    sent = send(app, "test.effect", {}, eta=due)
    wait_until("it is a row", lambda: stack.state(sent.id) == "queued", SECONDS)
    scheduled = app.control.inspect(timeout=3).scheduled()
    assert [one["request"]["id"] for one in next(iter(scheduled.values()))] == [sent.id]
    assert sent.get(timeout=SECONDS) == 1
    [(begun,)] = stack.sql("SELECT finished_at FROM jobs WHERE id = %s", [sent.id])
    assert begun >= due


def test_an_eta_without_a_zone_is_utc(stack, app):
    due = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    sent = send(app, "test.effect", {}, eta=due.replace(tzinfo=None))
    wait_until("it is a row", lambda: stack.state(sent.id) == "queued", SECONDS)
    [(run_at,)] = stack.sql("SELECT run_at FROM jobs WHERE id = %s", [sent.id])
    assert run_at == due
    sent.revoke()


def test_an_id_that_is_no_uuid_is_refused_and_the_caller_told(app):
    sent = send(app, "stoa.echo", {"value": 1}, task_id="my-own-id")
    with pytest.raises(Exception, match="headers.id is no UUID"):
        sent.get(timeout=SECONDS)


def test_a_message_that_is_too_long_is_refused_and_the_caller_told(app):
    sent = send(app, "stoa.echo", {"value": "x" * 300_000})
    with pytest.raises(Exception, match="it is too long"):
        sent.get(timeout=SECONDS)


def test_an_expired_task_is_revoked(stack, app):
    sent = send(app, "test.effect", {}, countdown=3, expires=1)
    with pytest.raises(celery.exceptions.TaskRevokedError):
        sent.get(timeout=SECONDS)
    assert stack.effects(sent.id) == 0


def test_an_ignored_result_is_not_kept(stack, app):
    sent = send(app, "test.effect", {}, ignore_result=True)
    wait_until("it is done", lambda: stack.state(sent.id) == "done", SECONDS)
    assert app.backend.client.get(f"celery-task-meta-{sent.id}") is None


def test_the_most_urgent_of_the_sender_run_first(stack, app):
    stack.stop_workers()
    try:
        sent = {p: send(app, "test.effect", {}, priority=p) for p in (9, 3, 6, 0)}
    finally:
        alone = stack.start_job_worker(threads=1)
    for one in sent.values():
        one.get(timeout=SECONDS)
    alone.stop()
    stack.start_job_worker()
    rows = stack.sql(
        "SELECT jobs.id::text, priority FROM jobs JOIN job_effects ON job = jobs.id"
        " WHERE jobs.id::text = ANY (%s) ORDER BY job_effects.id",
        [[one.id for one in sent.values()]],
    )
    assert rows == [(sent[p].id, p) for p in (0, 3, 6, 9)]


@pytest.mark.parametrize(
    "limit, error",
    [("soft_time_limit", "SoftTimeLimitExceeded"), ("time_limit", "TimeLimitExceeded")],
)
def test_time_limits_of_the_sender_hold(app, limit, error):
    sent = send(app, "test.effect", {"milliseconds": 60000}, **{limit: 1})
    wait_until("it is told", lambda: type(sent.result).__name__ == error, SECONDS, every=0.01)
    sent.revoke(terminate=True)
    with pytest.raises(celery.exceptions.TaskRevokedError):
        sent.get(timeout=SECONDS)


@pytest.fixture(scope="module")
def python_worker(stack):
    """Celery's own worker, on the queue `python`."""
    program = Program(
        "celery",
        [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "py_tasks",
            "worker",
            "-Q",
            "python",
            "-c",
            "1",
            "-n",
            "py@test",
            "--pool",
            "solo",
            "-l",
            "info",
            "--without-mingle",
            "--without-gossip",
        ],
        stack.dir,
        env={
            **os.environ,
            "TASKS_REDIS": stack.redis_url,
            "PYTHONPATH": os.path.dirname(py_tasks.__file__),
        },
    )
    stack.programs["celery"] = program
    wait_until("Celery's worker is ready", lambda: "ready." in program.tail(50), 60)
    yield program
    program.stop()


def test_a_python_worker_runs_what_we_enqueue(stack, python_worker):
    [good, bad] = stack.enqueue(
        'python 0 0 py_tasks.add {"a": 2, "b": 3}', "python 6 0 py_tasks.refuse {}"
    )
    wait_until("it is done", lambda: stack.state(good) == "done", SECONDS)
    wait_until("it is dead", lambda: stack.state(bad) == "dead", SECONDS)
    assert stack.sql("SELECT result FROM jobs WHERE id = %s", [good]) == [
        ({"sum": 5, "trace": "0af7651916cd43dd8448eb211c80319c"},)
    ]
    [(error,)] = stack.sql("SELECT last_error FROM jobs WHERE id = %s", [bad])
    assert error.startswith("ValueError") and "never" in error


def test_a_python_worker_keeps_our_eta_and_retries(stack, python_worker):
    before = time.time()
    [late] = stack.enqueue("python 0 3 py_tasks.flaky {}")
    wait_until("it is done", lambda: stack.state(late) == "done", SECONDS)
    [(result,)] = stack.sql("SELECT result FROM jobs WHERE id = %s", [late])
    assert result["retries"] == 1 and result["first"] >= before + 3


def test_what_was_enqueued_while_redis_was_away_is_sent(stack, python_worker):
    stack.stop_redis()
    try:
        [job] = stack.enqueue('python 0 0 py_tasks.add {"a": 1, "b": 1}')
        assert stack.state(job) == "queued"
    finally:
        stack.start_redis()
        kombu.pools.reset()  # connections of the tests before
    wait_until("it is done", lambda: stack.state(job) == "done", 60)


def node(app):
    def only():
        found = app.control.inspect(timeout=2).ping() or {}
        return [name for name in found if name.startswith("stoa@")]

    return wait_until("our worker answers", only, SECONDS)[0]


def test_inspect_shows_our_worker(app):
    name = node(app)
    running = send(app, "stoa.echo", {"value": 1, "seconds": 8})
    wait_until("it runs", lambda: running.status == "STARTED", SECONDS)
    inspect = app.control.inspect([name], timeout=3)
    assert inspect.ping() == {name: {"ok": "pong"}}
    [active] = inspect.active()[name]
    assert active["id"] == running.id and active["name"] == "stoa.echo"
    assert active["kwargs"] == {"value": 1, "seconds": 8}
    assert "stoa.echo" in inspect.registered()[name]
    assert inspect.active_queues()[name][0]["name"] == "stoa"
    assert inspect.stats()[name]["pool"]["max-concurrency"] == 2
    assert inspect.reserved()[name] == []
    assert inspect.conf()[name]["task_default_queue"] == "stoa"
    [refused] = app.control.rate_limit(
        "stoa.echo", "1/m", destination=[name], reply=True, timeout=3
    )
    assert "not possible" in refused[name]["error"]
    app.control.revoke(running.id, terminate=True, destination=[name])
    with pytest.raises(celery.exceptions.TaskRevokedError):
        running.get(timeout=SECONDS)


def test_celerys_command_line_reaches_our_worker(stack, app):
    name = node(app)
    for method, expected in (("ping", "pong"), ("active", "empty"), ("registered", "stoa.echo")):
        done = stack.celery("inspect", method, "-d", name, "-t", "5")
        assert done.returncode == 0 and expected in done.stdout, done.stdout + done.stderr


def test_a_revoked_task_is_never_run(stack, app):
    scheduled = send(app, "test.effect", {}, countdown=2)
    wait_until("it is a row", lambda: stack.state(scheduled.id) == "queued", SECONDS)
    scheduled.revoke()
    with pytest.raises(celery.exceptions.TaskRevokedError):
        scheduled.get(timeout=SECONDS)
    assert stack.state(scheduled.id) == "cancelled"
    unsent = send(app, "stoa.echo", {"value": 0}, task_id="0192f0c1-0000-7000-8000-0000000000aa")
    unsent.get(timeout=SECONDS)
    assert stack.effects(scheduled.id) == 0


def test_flower_shows_and_steers_our_worker(stack, app):
    port = free_port()
    name = node(app)
    program = Program(
        "flower",
        [
            sys.executable,
            "-m",
            "celery",
            "-b",
            stack.redis_url,
            f"--result-backend={stack.redis_url}",
            "flower",
            "--address=127.0.0.1",
            f"--port={port}",
        ],
        stack.dir,
        env={**os.environ, "FLOWER_UNAUTHENTICATED_API": "true"},
    )
    stack.programs["flower"] = program
    url = f"http://127.0.0.1:{port}/api"

    def workers():
        assert program.running(), program.tail()
        return requests.get(url + "/workers?refresh=1", timeout=20).json()

    wait_until("Flower knows our worker", lambda: name in workers(), 60)
    assert "stoa.echo" in workers()[name]["registered"]
    assert workers()[name]["active_queues"][0]["name"] == "stoa"

    def told():
        sent = send(app, "stoa.echo", {"value": 5})
        assert sent.get(timeout=SECONDS) == 5
        answer = requests.get(f"{url}/task/info/{sent.id}", timeout=10)
        return answer.ok and answer.json()["name"] and answer.json()

    # Flower asks for events a moment after it started, and may miss the first of a task.
    shown = wait_until("Flower has seen a task", told, 60)
    assert shown["name"] == "stoa.echo" and shown["worker"] == name
    wait_until(
        "Flower shows its end",
        lambda: requests.get(f"{url}/task/info/{shown['uuid']}", timeout=10).json()["state"]
        == "SUCCESS",
    )
    long = send(app, "stoa.echo", {"value": 1, "seconds": 50})
    wait_until("it runs", lambda: long.status == "STARTED", SECONDS)
    assert requests.post(f"{url}/task/revoke/{long.id}?terminate=true", timeout=10).ok
    with pytest.raises(celery.exceptions.TaskRevokedError):
        long.get(timeout=SECONDS)
    assert requests.post(f"{url}/worker/shutdown/{name}", timeout=10).ok
    wait_until("our worker ends", lambda: not stack.job_workers(), SECONDS)
    assert stack.last_worker.process.returncode == 0
    program.stop()
    stack.start_job_worker()


def test_control_shutdown_ends_our_worker_in_order(stack, app):
    name = node(app)
    app.control.shutdown(destination=[name])
    wait_until("our worker ends", lambda: not stack.job_workers(), SECONDS)
    assert stack.last_worker.process.returncode == 0
    stack.start_job_worker()
