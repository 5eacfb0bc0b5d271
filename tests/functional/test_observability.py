# SPDX-License-Identifier: Apache-2.0
"""Logs and metrics of real processes: Elastic's field names, one trace from the request to its job,
Prometheus' rules, and no series more however many ids and paths there are."""

import datetime
import http.server
import json
import os
import pty
import re
import subprocess
import threading
import uuid

import pytest
import requests

import pdfs
from stack import BUILD, ROOT, Stack, free_port, wait_until
from test_documents import ready, wait_done

PROMTOOL = ROOT / ".venv" / "bin" / "promtool"
ECS = json.loads((ROOT / "tests" / "vectors" / "ecs_fields.json").read_text())["fields"]


@pytest.fixture(scope="module")
def watched():
    """A stack of its own, whose worker serves its metrics too, after some good and bad days."""
    worker_port = free_port()
    stack = Stack(env={"STOA_WORK_HTTP_PORT": str(worker_port)})
    stack.work_url = f"http://127.0.0.1:{worker_port}"
    wait_until("the worker answers", lambda: requests.get(stack.work_url + "/healthz", timeout=2))
    user = stack.new_user()
    room = user.room()
    user.http.post(f"/rooms/{room['id']}/messages", json={"content": "a", "client_msg_id": "1"})
    user.document = ready(user, pdfs.facts_pdf(), room_id=room["id"])
    user.http.post(f"/documents/{user.document['id']}/chat", json={"question": "What is it?"})
    user.http.post("/rooms/create", data=b"{", headers={"Content-Type": "application/json"})
    stack.stop_redis()
    user.http.get("/rooms/list")
    stack.start_redis()
    stack.stop_postgres()
    user.http.get("/rooms/list")
    stack.start_postgres()
    stack.wait_ready()
    stack.user = user
    yield stack
    stack.close()


def logs(stack, kind):
    return [
        json.loads(line)
        for path in sorted(stack.dir.glob(f"{kind}-*.log"))
        for line in path.read_text().splitlines()
    ]


def check_type(name, kind, value):
    if kind == "date":
        told = datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
        assert told.tzinfo is not None, (name, value)
    elif kind == "long":
        assert isinstance(value, int), (name, value)
    elif kind == "ip":
        assert re.fullmatch(r"[0-9a-f.:]+", value), (name, value)
    else:
        assert isinstance(value, str), (name, kind, value)


@pytest.mark.parametrize("kind", ["serve", "work"])
def test_each_log_line_is_in_elastics_common_schema(watched, kind):
    lines = logs(watched, kind)
    assert {line["message"] for line in lines} >= {"serving" if kind == "serve" else "working"}
    for line in lines:
        assert list(line)[:3] == ["@timestamp", "log.level", "message"], line
        assert line["log.level"] in ("debug", "info", "warning", "error"), line
        assert line["service.name"] == f"stoa-{kind}" and line["ecs.version"] == "8.11.0"
        assert re.fullmatch("[0-9a-f]{32}", line.get("trace.id", "0" * 32)), line
        for name, value in line.items():
            if not name.startswith("stoa."):
                assert name in ECS, f"{name} is no field of Elastic's: {line}"
                check_type(name, ECS[name], value)


def test_one_trace_goes_from_the_upload_to_its_job(watched):
    trace = uuid.uuid4().hex
    answer = watched.user.http.post(
        "/documents/upload",
        files={"file": ("a.pdf", pdfs.pdf([["One page."]]), "application/pdf")},
        headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"},
    )
    assert answer.status_code == 202, answer.text
    assert wait_done(watched.user, answer.json())["status"] == "ready"

    def of_the_job():
        return [line for line in logs(watched, "work") if line.get("trace.id") == trace]

    lines = wait_until("the worker has logged the job", of_the_job, 10)
    [done] = [line for line in lines if line["message"] == "a job is done"]
    assert done["stoa.job.task"] == "stoa.documents.ingest" and done["event.duration"] > 0
    [(stored,)] = watched.sql("SELECT trace_id FROM jobs WHERE id = %s", [done["stoa.job.id"]])
    assert stored == trace


class Listener(http.server.BaseHTTPRequestHandler):
    """A language model's server that only writes down which trace it was called in."""

    def do_POST(self):
        self.server.traces.append(self.headers.get("traceparent", ""))
        self.send_error(400)

    def log_message(self, *_):
        pass


def test_the_trace_is_passed_on_to_other_servers(watched):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    server.traces = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = watched.start_node(
        {
            "STOA_LLM_BASE_URL": f"http://127.0.0.1:{server.server_port}/v1",
            "STOA_LLM_OFFLINE_FALLBACK": "off",
        }
    )
    trace, parent = uuid.uuid4().hex, "00f067aa0ba902b7"
    answer = watched.user.at(url).http.post(
        f"/documents/{watched.user.document['id']}/chat",
        json={"question": pdfs.FACTS[0][2]},
        headers={"traceparent": f"00-{trace}-{parent}-01"},
    )
    assert answer.status_code == 503, answer.text
    watched.stop_node(url)
    server.shutdown()
    version, passed_on, span, flags = server.traces[0].split("-")
    assert (version, passed_on) == ("00", trace)
    assert re.fullmatch("[0-9a-f]{16}", span) and span not in (parent, "0" * 16)
    assert re.fullmatch("[0-9a-f]{2}", flags)


def test_lines_are_for_people_on_a_terminal(stoa):
    ours, theirs = pty.openpty()
    environment = stoa.env()
    del environment["STOA_LOG_FORMAT"]
    name = f"terminal_{uuid.uuid4().hex}"
    stoa.sql(f"CREATE DATABASE {name}")
    environment["STOA_DATABASE_URL"] = stoa.database_url.replace("=postgres", f"={name}")
    done = subprocess.run(
        [BUILD / "src" / "stoa", "migrate"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        timeout=60,
    )
    os.close(theirs)
    said = os.read(ours, 4096).decode()
    os.close(ours)
    stoa.sql(f"DROP DATABASE {name}")
    assert done.returncode == 0
    assert re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z info +applied migration 1 ", said), said


def metrics(url):
    answer = requests.get(url + "/metrics", timeout=10)
    assert answer.status_code == 200
    return answer.text


def series(text):
    """{series: value}; of histograms only the counts."""
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            if not re.match(r"\w+_(bucket|sum)\b", name):
                found[name] = float(value)
    return found


@pytest.mark.parametrize("process", ["url", "work_url"])
def test_metrics_keep_prometheus_rules(watched, process):
    checked = subprocess.run(
        [PROMTOOL, "check", "metrics"],
        input=metrics(getattr(watched, process)),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_metrics_tell_of_each_part(watched):
    version = requests.get(watched.url + "/version", timeout=10).json()
    told = series(metrics(watched.url))
    build = f'stoa_build_info{{schema="{version["schema"]}",version="{version["version"]}"}}'
    assert told[build] == 1
    for prefix in (
        'stoa_http_requests_total{method="POST",route="/api/v1/documents/upload",status="202"}',
        'stoa_http_request_duration_seconds_count{method="POST",route="/api/v1/rooms/create"}',
        'stoa_postgres_query_duration_seconds_count{query="rooms.create_room"}',
        'stoa_postgres_connections{state="idle"}',
        'stoa_redis_command_duration_seconds_count{command="',
        'stoa_handler_threads_busy{pool="quick"}',
        'stoa_handler_tasks_queued{pool="slow"}',
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
    ):
        assert any(name.startswith(prefix) for name in told), prefix
    assert told["process_open_fds"] > 5 and told["process_threads"] > 5
    of_worker = series(metrics(watched.work_url))
    assert of_worker[build] == 1
    task = "stoa.documents.ingest"
    assert of_worker[f'stoa_job_duration_seconds_count{{task="{task}"}}'] >= 1
    assert of_worker[f'stoa_jobs_total{{outcome="done",task="{task}"}}'] >= 1


def test_the_worker_tells_whether_it_is_ready(watched):
    answer = requests.get(watched.work_url + "/readyz", timeout=10)
    assert answer.status_code == 200 and answer.json()["status"] == "ready"
    assert requests.get(watched.work_url + "/api/v1/rooms/list", timeout=10).status_code == 404


def visit_many(stack, numbers):
    """Requests that differ in every place where a client may write something."""
    user, identifier = stack.user.http, uuid.uuid4
    for i in numbers:
        user.get(f"/rooms/{identifier()}")
        user.get(f"/rooms/list?q=word{i}&limit={i % 100 + 1}", headers={"X-Request-Id": f"r{i}"})
        user.get(f"/nothing/{i}/at/all", headers={"User-Agent": f"agent/{i}"})
        user.request(f"METHOD{i}" if i % 2 else "PROPFIND", "/rooms/list")
        user.put(f"/rooms/{identifier()}/messages/{identifier()}/reactions/e{i}")


def test_a_thousand_ids_and_paths_add_no_series(watched):
    visit_many(watched, range(10))
    before = set(series(metrics(watched.url)))
    visit_many(watched, range(10, 210))
    after = set(series(metrics(watched.url)))
    assert after == before
