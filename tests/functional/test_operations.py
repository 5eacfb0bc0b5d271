# SPDX-License-Identifier: Apache-2.0
"""What operators see: pages, health, readiness, metrics, settings."""

import concurrent.futures
import os
import pathlib
import re
import signal
import subprocess

import celery
import pytest
import requests

import pdfs
from stack import BUILD, ROOT, wait_until
from test_documents import get as get_document
from test_documents import uploaded, wait_done


def get(stoa, path):
    return requests.get(stoa.url + path, timeout=10)


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/redoc", "/docs/errors", "/index.js", "/docs.js", "/stoa.css"]
)
def test_pages_are_served_and_ask_for_nothing_elsewhere(stoa, path):
    answer = get(stoa, path)
    assert answer.status_code == 200
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert not re.search(r"(src|href)=[\"']https?://", answer.text)


def test_error_codes_have_a_place_in_the_documentation(stoa):
    problem = get(stoa, "/api/v1/users/profile").json()
    path, anchor = problem["type"].split("#")
    assert anchor == problem["code"]
    assert f'id="{anchor}"' in get(stoa, path).text


# Of each form in which the sources make an error.
KNOWN_CODES = {
    "a kind and its code": {"room_full": "409", "username_invalid": "422", "no_text": "422"},
    "unavailable": {"database_busy": "503", "upstream_unavailable": "503"},
    "a function of the source that takes the code": {
        "commit_unknown": "503",
        "transaction_timeout": "503",
        "token_expired": "401",
        "refresh_reused": "401",
        "address_invalid": "422",
    },
    "a status and its code": {
        "too_many_connections": "429",
        "method_unknown": "501",
        "method_not_allowed": "405",
        "body_too_large": "413",
        "request_timeout": "408",
        "headers_too_large": "431",
        "expectation_failed": "417",
        "upgrade_required": "426",
        "origin_refused": "403",
        "range_not_satisfiable": "416",
        "tus_version_unsupported": "412",
    },
    "a code with a name": {"domain_mismatch": "401", "message_mismatch": "401"},
    "a function of the source that takes the sentence": {"malformed_target": "400"},
}


SOURCES = "\n".join(
    path.read_text()
    for path in sorted((ROOT / "src").glob("*/*.[ch]pp"))
    if not path.name.endswith("_test.cpp")
)


def test_every_error_code_is_explained(stoa):
    rows = re.findall(
        r'<tr id="(\w+)"><td><code>\1</code></td><td>([\d, ]+)</td><td>(.*)</td></tr>',
        get(stoa, "/docs/errors").text,
    )
    statuses = {code: told.split(", ") for code, told, _ in rows}
    for form, known in KNOWN_CODES.items():
        for code, status in known.items():
            assert status in statuses.get(code, []), (form, code)
    made = re.findall(
        r"(?:ErrorKind::\w+,|\b[45]\d\d,|\b(?:refuse|invalid|unavailable|try_again)\("
        r'|(?<!\.)\bcode =)\s*"([a-z0-9_]+)"[,;]',
        SOURCES,
    )
    assert len(set(made)) > 200 and set(made) <= set(statuses), set(made) - set(statuses)
    unexplained = {code for code, _, said in rows if not said}
    assert unexplained <= {"echo"}, unexplained


def test_error_codes_are_what_the_documentation_and_the_tests_say(stoa):
    page = get(stoa, "/docs/errors").text
    written = SOURCES + (ROOT / "docs" / "openapi.yaml").read_text()
    told = set(re.findall(r"`([a-z]+_[a-z_]+)`\s+\(([45]\d\d)\)", written))
    assert len(told) > 20
    for code, status in sorted(told):
        assert re.search(rf'<tr id="{code}">.*<td>[^<]*\b{status}\b[^<]*</td>', page), code
    for path in (ROOT / "tests" / "functional").glob("test_*.py"):
        for code in re.findall(r'"code"\] == "(\w+)"', path.read_text()):
            assert f'<tr id="{code}">' in page, (path, code)


def test_readyz_names_each_part(stoa):
    answer = get(stoa, "/readyz")
    assert answer.status_code == 200
    assert set(answer.json()["parts"]) == {"postgres", "schema", "redis", "worker"}


def test_readyz_tells_of_a_dead_redis_and_of_its_return(stoa):
    stoa.stop_redis()
    answer = get(stoa, "/readyz")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    assert not answer.json()["parts"]["redis"]["ok"]
    assert answer.json()["parts"]["postgres"]["ok"]
    stoa.start_redis()
    wait_until("ready again", lambda: get(stoa, "/readyz").status_code == 200, 20)


def test_readyz_tells_of_a_dead_postgres_and_of_its_return(stoa):
    stoa.stop_postgres()
    answer = get(stoa, "/readyz")
    assert answer.status_code == 503
    assert not answer.json()["parts"]["postgres"]["ok"]
    stoa.start_postgres()
    wait_until("ready again", lambda: get(stoa, "/readyz").status_code == 200, 20)


def test_a_node_whose_postgres_hangs_lives_and_is_not_ready(stoa):
    asked = 3 * os.cpu_count()  # more than there are threads for quick requests
    with concurrent.futures.ThreadPoolExecutor(asked) as pool, stoa.frozen_postgres():
        answers = [pool.submit(get, stoa, "/readyz") for _ in range(asked)]
        concurrent.futures.wait(answers, return_when=concurrent.futures.FIRST_COMPLETED)
        assert get(stoa, "/healthz").status_code == 200
        answer = get(stoa, "/readyz")
        assert answer.status_code == 503
        assert "has not answered" in answer.json()["parts"]["postgres"]["detail"]
    assert {answer.result().status_code for answer in answers} <= {200, 503}
    wait_until("ready again", lambda: get(stoa, "/readyz").status_code == 200, 20)


def test_programs_end_although_postgres_hangs(stoa):
    """They are given twice the time that a supervisor gives them, and then killed."""
    node = stoa.start_node()
    get(stoa, "/readyz")
    worker = stoa.start_worker()
    wait_until("the worker is known", lambda: len(stoa.workers()) == 2)
    with stoa.frozen_postgres():
        worker.stop()
        stoa.stop_node(node)


def test_a_worker_ends_although_its_reading_hangs(stoa, new_user):
    user = new_user()
    [worker] = stoa.workers()
    children = pathlib.Path(f"/proc/{worker.pid}/task")

    def reading():
        threads = [(thread / "children").read_text() for thread in children.iterdir()]
        pids = " ".join(threads).split()
        for pid in pids:
            os.kill(int(pid), signal.SIGSTOP)
        return pids

    document = uploaded(user, pdfs.long_pdf(80), name="long.pdf")
    [pid] = wait_until("it is read", reading, every=0.001)
    worker.stop()
    stoa.start_worker()
    assert wait_done(user, document)["status"] == "ready"


def test_a_node_starts_without_postgres_and_redis_and_recovers(stoa):
    stoa.stop_postgres()
    stoa.stop_redis()
    url = stoa.start_node()
    try:
        refused = requests.post(url + "/api/v1/auth/siws/challenge", json={}, timeout=20)
        assert refused.status_code == 503
        assert refused.json()["code"] == "database_unavailable"
        assert int(refused.headers["Retry-After"]) >= 1
        stoa.start_postgres()
        stoa.start_redis()
        wait_until(
            "the node serves",
            lambda: requests.post(url + "/api/v1/auth/siws/challenge", json={}, timeout=20).ok,
        )
    finally:
        stoa.stop_node(url)


def test_metrics_count_by_route_template(stoa):
    get(stoa, "/api/v1/rooms/00000000-0000-7000-8000-000000000000")
    text = get(stoa, "/metrics").text
    assert 'route="/api/v1/rooms/{room_id}"' in text
    assert "00000000-0000-7000" not in text


def test_version_is_told(stoa):
    told = get(stoa, "/version").json()["version"]
    program = subprocess.run(
        [BUILD / "src" / "stoa", "--version"], capture_output=True, text=True, check=True
    )
    assert program.stdout.strip() == told


def check_config(**env):
    return subprocess.run(
        [BUILD / "src" / "stoa", "check-config", "--print-config"],
        capture_output=True,
        text=True,
        env=env,
        timeout=20,
    )


def test_settings_are_checked_and_secrets_hidden():
    good = check_config(STOA_LLM_API_KEY="sk-canary", STOA_HTTP_PORT="9000")
    assert good.returncode == 0
    assert "http_port = 9000" in good.stdout and "sk-canary" not in good.stdout
    bad = check_config(STOA_HTPP_PORT="9000")
    assert bad.returncode == 2
    assert 'did you mean "http_port"' in bad.stderr


@pytest.mark.parametrize("damage", ["missing", "wrong"])
def test_a_bad_model_is_refused_at_the_start_with_the_fix(stoa, tmp_path, damage):
    if damage == "wrong":
        (tmp_path / "model.safetensors").write_bytes(b"\0" * 1000)
    done = stoa.run("serve", STOA_MODEL_DIR=str(tmp_path), STOA_HTTP_PORT="0")
    assert done.returncode == 1
    assert str(tmp_path) in done.stderr and "pip download" in done.stderr


def test_the_configuration_page_is_what_the_program_says():
    told = subprocess.run(
        [BUILD / "src" / "stoa", "config-docs"], capture_output=True, text=True, check=True
    )
    assert (ROOT / "docs" / "configuration.md").read_text() == told.stdout


def test_an_operator_sees_a_job_cancels_it_and_lets_it_begin_again(stoa):
    job = "01980000-0000-7000-8000-000000000001"
    stoa.sql(
        "INSERT INTO jobs (id, task, attempts_max, run_at) "
        "VALUES (%s, 'stoa.test.never', 1, now() + interval '1 day')",
        [job],
    )
    try:
        assert job in stoa.run("jobs", "list", "--state", "queued").stdout
        assert '"task":"stoa.test.never"' in stoa.run("jobs", "show", job).stdout
        assert stoa.run("jobs", "drop", job).returncode == 0
        assert job in stoa.run("jobs", "list", "--state", "cancelled").stdout
        assert stoa.run("jobs", "retry", job).returncode == 0
        assert len(stoa.run("jobs", "list", "--limit", "1").stdout.splitlines()) == 1
    finally:
        stoa.sql("DELETE FROM jobs WHERE id = %s", [job])
    wrong = stoa.run("jobs", "list", "--state", "asleep")
    assert wrong.returncode == 1 and "sent" in wrong.stderr and '"asleep"' in wrong.stderr
    gone = stoa.run("jobs", "show", job)
    assert gone.returncode == 1 and job in gone.stderr


def test_a_dropped_reading_fails_its_document_and_a_revived_one_reads_it(stoa, new_user):
    user = new_user()
    stoa.kill_worker()
    document = uploaded(user, pdfs.facts_pdf())
    [(job,)] = stoa.sql(
        "SELECT id::text FROM jobs WHERE arguments->>'document_id' = %s", [document["id"]]
    )
    assert stoa.run("jobs", "drop", job).returncode == 0
    dropped = wait_done(user, document)
    assert (dropped["status"], dropped["error_code"]) == ("failed", "reading_cancelled")
    assert stoa.run("jobs", "retry", job).returncode == 0
    stoa.start_worker()
    wait_until("it is ready", lambda: get_document(user, document)["status"] == "ready")
    again = stoa.run("jobs", "drop", job)
    assert again.returncode == 1 and "done" in again.stderr


@pytest.mark.parametrize("runs", [False, True], ids=["waiting", "running"])
def test_a_revoked_reading_fails_its_document_and_another_file_takes_its_place(
    stoa, new_user, runs
):
    user = new_user()
    broker = f"redis://127.0.0.1:{stoa.redis_port}/0"
    app = celery.Celery("tests", broker=broker, set_as_current=False)
    if runs:
        wait_until("a worker hears", lambda: app.control.inspect(timeout=2).ping())
    else:
        stoa.kill_worker()
    document = uploaded(user, pdfs.long_pdf(600), name="long.pdf")
    [(job,)] = stoa.sql(
        "SELECT id::text FROM jobs WHERE arguments->>'document_id' = %s", [document["id"]]
    )
    if runs:
        wait_until("it is read", lambda: get_document(user, document)["status"] == "processing")
    else:
        stoa.sql("UPDATE jobs SET run_at = now() + interval '1 hour' WHERE id = %s", [job])
        stoa.start_worker()
        wait_until("a worker hears", lambda: app.control.inspect(timeout=2).ping())
    app.control.revoke(job, terminate=runs)
    revoked = wait_done(user, document)
    assert (revoked["status"], revoked["error_code"]) == ("failed", "reading_cancelled")
    states = "SELECT state FROM jobs WHERE id = %s"
    wait_until("its job has ended", lambda: stoa.sql(states, [job]) == [("cancelled",)])
    file = {"file": ("facts.pdf", pdfs.facts_pdf())}
    assert user.http.put(f"/documents/{document['id']}/file", files=file).status_code == 202
    assert wait_done(user, document)["status"] == "ready"


def test_the_audit_trail_is_followed_and_a_changed_entry_is_named(stoa):
    stoa.new_user()
    whole = stoa.run("audit", "verify")
    assert whole.returncode == 0 and "unbroken" in whole.stdout, whole.stderr
    [(seq,)] = stoa.sql("SELECT max(seq) FROM audit_log")
    [(action,)] = stoa.sql("SELECT action FROM audit_log WHERE seq = %s", [seq])
    stoa.sql("UPDATE audit_log SET action = 'keys_rotated' WHERE seq = %s", [seq])
    try:
        broken = stoa.run("audit", "verify")
        assert broken.returncode == 1 and str(seq) in broken.stderr
    finally:
        stoa.sql("UPDATE audit_log SET action = %s WHERE seq = %s", [action, seq])


def test_what_a_checkpoint_signed_cannot_be_cut_off(stoa):
    stoa.new_user()
    stoa.kill_worker()
    stoa.start_worker()  # signs at its start, then every minute
    [(seq,)] = stoa.sql("SELECT max(seq) FROM audit_log")
    wait_until(
        "a checkpoint covers the last entry",
        lambda: stoa.sql("SELECT 1 FROM audit_checkpoints WHERE seq >= %s", [seq]),
    )
    whole = stoa.run("audit", "verify", "--at-least", str(seq))
    assert whole.returncode == 0 and f"up to {seq}" in whole.stdout, whole.stderr
    assert stoa.run("audit", "verify", "--at-least", str(seq + 1)).returncode == 1
    stoa.sql("CREATE TABLE kept AS SELECT * FROM audit_log WHERE seq = %s", [seq])
    stoa.sql("DELETE FROM audit_log WHERE seq = %s", [seq])
    try:
        broken = stoa.run("audit", "verify")
        assert (
            broken.returncode == 1 and f"Entry {seq} of the audit log was cut off" in broken.stderr
        )
    finally:
        stoa.sql("INSERT INTO audit_log OVERRIDING SYSTEM VALUE SELECT * FROM kept")
        stoa.sql("DROP TABLE kept")


def test_a_new_signing_key_logs_nobody_out(stoa):
    before = stoa.new_user()
    keys = len(get(stoa, "/.well-known/jwks.json").json()["keys"])
    assert stoa.run("keys", "rotate-signing").returncode == 0
    wait_until(
        "both keys are published",
        lambda: len(get(stoa, "/.well-known/jwks.json").json()["keys"]) > keys,
    )
    assert before.http.get("/users/profile").status_code == 200
