# SPDX-License-Identifier: Apache-2.0
"""What Stoa asks of other servers, seen from a language model's server over HTTP/2: retries,
Retry-After, the breaker, cut and endless answers, certificates, the trace, metrics."""

import re
import uuid

import pytest
import requests

from model_server import ModelServer
from stack import wait_until
from test_ask import ask, facts  # noqa: F401


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = ModelServer(tmp_path_factory.mktemp("model"))
    yield made
    made.close()


@pytest.fixture
def asker(shared_stack, facts, server):  # noqa: F811
    """Someone at a fresh node, which knows nothing yet of the model's server."""
    server.plan, server.seen = [], []
    url = shared_stack.start_node(
        {
            "STOA_LLM_BASE_URL": server.url,
            "STOA_LLM_API_KEY": "key",
            "STOA_LLM_OFFLINE_FALLBACK": "off",
            "STOA_OUTBOUND_CA_FILE": str(server.certificate),
        }
    )
    yield facts.at(url)
    shared_stack.stop_node(url)


def question(user):
    return ask(user, "What is said of caesium?")


def metric(user, name, **labels):
    text = requests.get(user.url + "/metrics", timeout=10).text
    for line in text.splitlines():
        if line.startswith(name + "{") and all(f'{k}="{v}"' in line for k, v in labels.items()):
            return float(line.rsplit(" ", 1)[1])
    return 0


def test_asks_over_http2_and_passes_the_trace_on(asker, server):
    trace = "0af7651916cd43dd8448eb211c80319c"
    asker.http.headers["traceparent"] = f"00-{trace}-b7ad6b7169203331-01"
    assert question(asker).status_code == 200
    ((version, headers),) = server.seen
    assert version == "2"
    assert headers["authorization"] == "Bearer key"
    assert re.fullmatch(f"00-{trace}-[0-9a-f]{{16}}-01", headers["traceparent"])
    assert headers["traceparent"][36:52] != "b7ad6b7169203331", "the parent is this request"
    assert metric(asker, "stoa_outbound_requests_total", outcome="2xx", upstream="llm") == 1
    assert metric(asker, "stoa_outbound_request_seconds_count", upstream="llm") == 1


def test_a_passing_failure_is_asked_again(asker, server):
    server.plan = [(503, {"retry-after": "1"}), (429, {})]
    assert question(asker).status_code == 200
    assert len(server.seen) == 3
    assert metric(asker, "stoa_outbound_retries_total", upstream="llm") == 2


def test_a_long_retry_after_is_told(asker, server):
    server.plan = [(503, {"retry-after": "60"})]
    answer = question(asker)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "60"
    assert len(server.seen) == 1


def test_a_failing_server_is_left_alone_and_found_again(asker, server):
    server.plan = [(500, {})] * 5
    statuses = [question(asker).status_code for _ in range(4)]
    assert set(statuses) == {503}
    assert len(server.seen) == 5, "the breaker spares it the rest"
    assert metric(asker, "stoa_outbound_breaker_opened_total", upstream="llm") == 1
    assert 1 <= int(question(asker).headers["Retry-After"]) <= 5
    wait_until("it is asked again", lambda: question(asker).status_code == 200, 30, 0.5)
    assert len(server.seen) == 6


@pytest.mark.parametrize("plan", ["cut", "endless"])
def test_half_an_answer_is_none(asker, server, plan):
    server.plan = [plan]
    assert question(asker).status_code == 503
    assert len(server.seen) == 1, "what has begun is not asked again"
    assert question(asker).status_code == 200


def test_a_stream_is_repeated_once_it_came_to_its_end(asker, server):
    """Under an Idempotency-Key: an error is asked again, a whole answer is told again."""
    server.plan = [(401, {})]
    headers = {"Accept": "text/event-stream", "Idempotency-Key": str(uuid.uuid4())}

    def stream():
        path = f"/documents/{asker.document['id']}/chat"
        answer = asker.http.post(path, json={"question": "What is said?"}, headers=headers)
        return answer if answer.status_code != 409 else None  # the one before is being put away

    assert "event: error" in stream().text
    whole = wait_until("the key is free again", stream)
    assert "event: done" in whole.text and "Idempotent-Replayed" not in whole.headers
    again = wait_until("the answer is kept", stream)
    assert again.content == whole.content and again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Content-Type"] == whole.headers["Content-Type"]
    assert len(server.seen) == 2


def test_only_a_trusted_certificate_will_do(shared_stack, facts, server):  # noqa: F811
    server.plan, server.seen = [], []
    url = shared_stack.start_node(
        {"STOA_LLM_BASE_URL": server.url, "STOA_LLM_OFFLINE_FALLBACK": "off"},
    )
    assert question(facts.at(url)).status_code == 503
    assert server.seen == []
    shared_stack.stop_node(url)
