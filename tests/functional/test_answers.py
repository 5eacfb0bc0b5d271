# SPDX-License-Identifier: Apache-2.0
"""Answers outlive their connection: a stream goes on where it was lost, on any node, without asking
the model again; it is cancelled; and it is refused to who may no longer read its documents."""

import http.client
import json
import signal
import urllib.parse

import pytest
import redis

import pdfs
from model_server import ModelServer
from stack import wait_until
from test_documents import in_seconds, ready

QUESTION = "At what temperature does caesium boil?"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = ModelServer(tmp_path_factory.mktemp("model"))
    yield made
    made.close()


def settings_of(server, **more):
    return {
        "STOA_LLM_BASE_URL": server.url,
        "STOA_LLM_OFFLINE_FALLBACK": "off",
        "STOA_OUTBOUND_CA_FILE": str(server.certificate),
    } | more


@pytest.fixture(scope="module")
def nodes(shared_stack, server):
    """Someone with a document, at each of two nodes whose language model is `server`."""
    shared_stack.heal()
    user = shared_stack.new_user()
    user.document = ready(user, pdfs.facts_pdf(), name="facts.pdf")
    urls = [shared_stack.start_node(settings_of(server)) for _ in range(2)]
    yield [user.at(url) for url in urls]
    for url in urls:
        shared_stack.stop_node(url)


@pytest.fixture
def asked(stoa, nodes, server):
    """A gate that is still shut is what the model does next."""
    server.forget()
    server.plan = ["gate"]
    return nodes


class Stream:
    """A response of server-sent events, read one by one."""

    def __init__(self, answer):
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        answer.encoding = "utf-8"
        self.answer = answer
        self.lines = answer.iter_lines(chunk_size=1, decode_unicode=True)
        self.last_id = None

    def __next__(self):
        """(id, type, data) of the next event."""
        fields = {}
        for line in self.lines:
            if line.startswith(":"):
                continue
            if line == "" and fields:
                self.last_id = fields.get("id", self.last_id)
                return fields.get("id"), fields["event"], json.loads(fields["data"])
            if line:
                name, value = line.split(": ", 1)
                fields[name] = value
        raise StopIteration

    def __iter__(self):
        return self

    def close(self):
        """As when the network breaks."""
        self.answer.raw._fp.fp.raw._sock.shutdown(2)
        self.answer.close()


def path_of(user):
    return f"/documents/{user.document['id']}/chat"


def stream(user, question=QUESTION, path=None, last=None, **more):
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last} if last else {})
    return Stream(
        user.http.post(
            path or path_of(user),
            json={"question": question, **more},
            headers=headers,
            stream=True,
        )
    )


def get(user, first, last=None):
    """The answer's own URL, which its first event names."""
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last} if last else {})
    return user.http.get(user.url + first["stream_url"], headers=headers, stream=True)


def following(user, first, last=None):
    """As soon as its node knows of the answer."""

    def answer():
        tried = get(user, first, last)
        return tried if tried.status_code == 200 else None

    return Stream(wait_until("the answer is known there", answer))


def wait_until_passed_on(stoa, first):
    """Every event of an answer that came to its end is known to the other nodes."""
    with redis.Redis(port=stoa.redis_port) as client:

        def keys(what):
            return list(client.scan_iter(f"*{first['message_id']}*:{what}"))

        wait_until("it is passed on", lambda: keys("events") and not keys("running"))
        assert all(0 < client.ttl(key) <= 300 for key in keys("*"))


def begin(user, server, **more):
    """A stream that has told two events and waits at the gate."""
    running = stream(user, **more)
    told = [next(running), next(running)]
    assert [kind for _, kind, _ in told] == ["sources", "delta"]
    wait_until("the model waits", lambda: server.waits)
    return running, told


def messages_of(user, first):
    answer = user.http.get(f"/conversations/{first['conversation_id']}/messages")
    return answer.json()["items"] if answer.ok else []


def test_the_first_event_names_the_answer_and_each_can_be_gone_on_from(stoa, asked, server):
    here, other = asked
    server.plan = []
    seen = list(stream(here))
    first = seen[0][2]
    message = first["message_id"]
    assert first["stream_url"] == (
        f"/api/v1/conversations/{first['conversation_id']}/answers/{message}"
    )
    assert [number for number, _, _ in seen] == [f"{message}:{i + 1}" for i in range(len(seen))]
    assert seen[-1][1] == "done" and seen[-1][2]["message_id"] == message
    wait_until_passed_on(stoa, first)
    for user in (here, other):
        assert list(Stream(get(user, first))) == seen
        for at in range(len(seen) - 1):
            last = seen[at][0]
            assert list(Stream(get(user, first, last))) == seen[at + 1 :]
            assert list(stream(user, last=last)) == seen[at + 1 :]
        assert get(user, first, seen[-1][0]).status_code == 204, "do not come back"
    assert len(server.seen) == 1


@pytest.mark.parametrize("at", ["here", "elsewhere"])
def test_who_lost_the_connection_goes_on_where_it_was(asked, server, at):
    here, other = asked
    running, told = begin(here, server)
    first, last = told[0][2], running.last_id
    running.close()
    user = here if at == "here" else other
    again = following(user, first, last)
    posted = stream(user, last=told[0][0])
    assert next(posted) == told[1]
    server.gate.set()
    rest = list(again)
    assert list(posted) == rest
    assert [kind for _, kind, _ in rest] == ["delta", "follow_ups", "done"]
    assert rest[-1][2]["answer"] == "It is said so."
    assert [m["content"] for m in messages_of(user, first)] == [QUESTION, "It is said so."]
    assert len(server.seen) == 1


def test_an_answer_that_nobody_hears_is_stored(asked, server):
    here, _ = asked
    running, told = begin(here, server)
    running.close()
    server.gate.set()
    wait_until("it is stored", lambda: len(messages_of(here, told[0][2])) == 2)
    rest = list(Stream(get(here, told[0][2], told[1][0])))
    assert [kind for _, kind, _ in rest] == ["delta", "follow_ups", "done"]


def test_who_asks_again_under_the_key_gets_the_answer_that_nobody_heard(stoa, asked, server):
    here, other = asked
    headers = {"Accept": "text/event-stream", "Idempotency-Key": "unheard"}

    def ask(user):
        return user.http.post(
            path_of(user), json={"question": QUESTION}, headers=headers, stream=True
        )

    running = Stream(ask(here))
    told = [next(running), next(running)]
    wait_until("the model waits", lambda: server.waits)
    before = stored_of(stoa, here)
    running.close()
    assert ask(other).json()["code"] == "idempotency_key_in_progress"
    server.gate.set()
    again = wait_until("it is kept", lambda: (a := ask(other)).status_code == 200 and a)
    assert again.headers["Idempotent-Replayed"] == "true"
    events = list(Stream(again))
    assert events[:2] == told
    assert [kind for _, kind, _ in events[2:]] == ["delta", "follow_ups", "done"]
    assert len(server.bodies) == 1
    assert stored_of(stoa, here) != before


def test_what_redis_forgets_is_written_anew(stoa, asked, server):
    here, other = asked
    running, told = begin(here, server)
    followed = following(other, told[0][2])
    assert [next(followed), next(followed)] == told
    with redis.Redis(port=stoa.redis_port) as client:
        client.flushall()
        wait_until("it is there again", lambda: list(client.scan_iter("answer:*:events")))
    server.gate.set()
    rest = list(running)
    assert list(followed) == rest and rest[-1][1] == "done"


def test_without_redis_the_stored_answer_is_told_whole(stoa, asked, server):
    here, other = asked
    running, told = begin(here, server)
    first = told[0][2]
    stoa.stop_redis()
    unknown = get(other, first, told[1][0])
    assert (unknown.status_code, unknown.json()["code"]) == (503, "answers_unavailable")
    assert int(unknown.headers["Retry-After"]) > 0
    server.gate.set()
    rest = list(running)
    assert rest[-1][1] == "done", "who is connected notices nothing"
    whole = Stream(get(other, first, told[1][0]))
    seen = list(whole)
    assert [kind for _, kind, _ in seen] == ["restart", "delta", "follow_ups", "done"]
    assert seen[1][2]["delta"] == rest[-1][2]["answer"] and seen[-1][2] == rest[-1][2]
    assert whole.last_id == f"{first['message_id']}:end"
    assert get(other, first, whole.last_id).status_code == 204
    assert list(Stream(get(here, first, told[1][0]))) == rest, "its own node knows"


def test_a_node_that_dies_is_told_of(stoa, nodes, server):
    server.forget()
    server.plan = ["gate"]
    url = stoa.start_node(settings_of(server))
    user = nodes[0].at(url)
    _, told = begin(user, server)
    followed = following(nodes[1], told[0][2])
    assert [next(followed), next(followed)] == told
    stoa.stop_node(url, signal.SIGKILL)
    ((identity, kind, data),) = list(followed)
    assert (identity, kind, data["code"], data["status"]) == (None, "error", "answer_lost", 503)
    assert messages_of(nodes[1], told[0][2]) == []


def refused(answer):
    """Its status and code; nothing if it was done."""
    return None if answer.ok else (answer.status_code, answer.json()["code"])


@pytest.mark.parametrize("at", ["here", "elsewhere"])
@pytest.mark.parametrize("plan", ["gate", "silence"])
def test_a_cancelled_answer_stops_the_model_and_is_not_stored(stoa, asked, server, at, plan):
    here, other = asked
    server.plan = [plan]
    spent = "SELECT coalesce(sum(tokens), 0) FROM token_usage WHERE user_id = %s"
    ((before,),) = stoa.sql(spent, (here.id,))
    running = stream(here)
    first = next(running)[2]
    wait_until("the model waits", lambda: server.waits)
    user = here if at == "here" else other
    url = user.url + first["stream_url"]
    following(user, first).close()
    assert user.http.delete(url).status_code == 204
    *_, (_, kind, data) = list(running)
    assert (kind, data["code"], data["status"]) == ("error", "answer_cancelled", 409)
    wait_until("the model's request is closed", lambda: server.left == 1)
    ended = wait_until("it is known there", lambda: refused(user.http.delete(url)))
    assert ended == (409, "answer_finished")
    assert messages_of(here, first) == []
    ((after,),) = stoa.sql(spent, (here.id,))
    assert before < after < before + 2_048, "the prompt was read; what was reserved is free again"
    server.plan = []
    assert list(stream(here))[-1][1] == "done", "and the model is not taken to be broken"


@pytest.mark.parametrize("key", [None, "again"])
def test_who_hangs_up_on_a_plain_answer_lets_the_model_go(stoa, asked, server, key):
    """But not under an Idempotency-Key: who repeats the question is to get this answer."""
    here = asked[0]
    address = urllib.parse.urlsplit(here.http.base)
    asking = http.client.HTTPConnection(address.hostname, address.port)
    headers = {"Authorization": here.http.headers["Authorization"]}
    headers |= {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
    body = json.dumps({"question": QUESTION})
    asking.request("POST", address.path + path_of(here), body, headers)
    wait_until("the model waits", lambda: server.waits)
    before = stored_of(stoa, here)
    asking.close()
    if key is None:
        wait_until("the model's request is closed", lambda: server.left == 1)
        assert stored_of(stoa, here) == before
    else:
        again = here.http.post(path_of(here), json={"question": QUESTION}, headers=headers)
        assert again.json()["code"] == "idempotency_key_in_progress"
        server.gate.set()
        wait_until("it is stored", lambda: stored_of(stoa, here) != before)
        again = here.http.post(path_of(here), data=body, headers=headers)
        assert again.status_code == 200 and "so." in again.json()["answer"]
        assert len(server.bodies) == 1 and server.left == 0


def test_what_is_finished_is_not_cancelled(asked, server):
    here, other = asked
    server.plan = []
    first = list(stream(here))[0][2]
    for user in (here, other):
        refused = user.http.delete(user.url + first["stream_url"])
        assert (refused.status_code, refused.json()["code"]) == (409, "answer_finished")
    assert len(messages_of(here, first)) == 2


def test_an_answer_is_its_askers_alone(stoa, asked, server):
    here, other = asked
    running, told = begin(here, server)
    first = told[0][2]
    stranger = stoa.new_user()
    wrong = first | {"stream_url": first["stream_url"].replace(first["conversation_id"], here.id)}
    for url in (here.url, other.url):
        for user, at in ((stranger.at(url), first), (here.at(url), wrong)):
            for answer in (get(user, at), user.http.delete(url + at["stream_url"])):
                assert (answer.status_code, answer.json()["code"]) == (404, "answer_not_found")
    server.gate.set()
    assert list(running)[-1][1] == "done", "and nobody cancelled it"


@pytest.mark.parametrize("last", ["7", "x:1", "{}:x", "{}:-1", "{}:99999999999", "{}:9999"])
def test_a_wrong_event_id_is_told_of(asked, server, last):
    here, _ = asked
    server.plan = []
    first = list(stream(here))[0][2]
    last = last.format(first["message_id"])
    headers = {"Last-Event-ID": last, "Accept": "text/event-stream"}
    posted = here.http.post(path_of(here), json={"question": QUESTION}, headers=headers)
    for answer in (get(here, first, last), posted):
        assert (answer.status_code, answer.json()["code"]) == (422, "last_event_id_invalid")
    assert len(server.seen) == 1


def test_one_answer_is_not_streamed_without_end(asked, server):
    here, _ = asked
    running, told = begin(here, server)
    followers = [Stream(get(here, told[0][2])) for _ in range(4)]
    refused = get(here, told[0][2])
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_streams")
    server.gate.set()
    rest = list(running)
    for follower in followers:
        assert list(follower) == told + rest


def expire(stoa, user):
    stoa.sql(
        "UPDATE document_permissions SET expires_at = now() WHERE user_id = %s", (user.id,)
    )


@pytest.fixture
def guest(stoa, asked):
    """Someone whom the document is shared with for a while."""
    owner = asked[0]
    user = stoa.new_user().at(owner.url)
    user.document = owner.document
    grant = {"document_id": owner.document["id"], "user_id": user.id, "permission_type": "read"}
    shared = owner.http.post("/documents/share", json=grant | {"expires_at": in_seconds(600)})
    assert shared.ok, shared.text
    return user


def stored_of(stoa, user):
    return stoa.sql("SELECT count(*) FROM conversations WHERE user_id = %s", (user.id,))


def test_a_share_that_expires_during_an_answer_ends_it(stoa, asked, server, guest):
    running, told = begin(guest, server)
    expire(stoa, guest)
    server.gate.set()
    *_, (_, kind, data) = list(running)
    assert (kind, data["code"], data["status"]) == ("error", "access_expired", 403)
    assert stored_of(stoa, guest) == [(0,)]

    def is_told_by(url):
        again = get(guest.at(url), told[0][2])
        return (again.status_code, again.json()["code"]) == (403, "access_expired")

    assert is_told_by(asked[0].url)
    wait_until("the other node has heard of it", lambda: is_told_by(asked[1].url))


def test_nor_is_its_answer_given_as_json(stoa, asked, server, guest):
    server.plan = []

    def reply(_body):
        expire(stoa, guest)
        return "so."

    server.reply = reply
    refused = guest.http.post(path_of(guest), json={"question": QUESTION})
    assert (refused.status_code, refused.json()["code"]) == (403, "access_expired")
    assert stored_of(stoa, guest) == [(0,)]


def test_who_is_put_out_of_the_room_gets_no_answer_of_it(stoa, asked, server):
    owner = asked[0]
    room = owner.room()
    shared = {"document_id": owner.document["id"], "room_id": room["id"]}
    assert owner.http.post("/documents/share", json=shared | {"permission_type": "read"}).ok
    member = stoa.new_user().at(owner.url)
    assert member.http.post("/rooms/join", json={"room_id": room["id"]}).ok
    running, _ = begin(member, server, path=f"/rooms/{room['id']}/ask")
    assert owner.http.delete(f"/rooms/{room['id']}/participants/{member.id}").status_code == 204
    server.gate.set()
    *_, (_, kind, data) = list(running)
    assert (kind, data["code"]) == ("error", "access_expired")
    assert stored_of(stoa, member) == [(0,)]
