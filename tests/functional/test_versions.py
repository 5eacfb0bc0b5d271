# SPDX-License-Identifier: Apache-2.0
"""A document whose file is replaced: what stays, what is gone at once, what becomes of a broken
file, and that nothing is lost, doubled or answered from when things happen at the same time."""

import concurrent.futures
import json
import random
import threading
import time
import uuid

import pytest

import pdfs
from model_server import ModelServer
from room_client import RoomClient
from stack import wait_until
from test_ask import answered, ask
from test_documents import chunks, get, ready, uploaded, wait_done

WHALE, BREAD = "The whale sings under the ice.", "The bread rises by yeast."


def replace(user, document, data, name="new.txt", **more):
    path = f"/documents/{document['id']}/file"
    return user.http.put(path, files={"file": (name, data)}, **more)


def replaced(user, document, data, **more):
    answer = replace(user, document, data, **more)
    assert answer.status_code == 202, answer.text
    return answer.json()


def code(answer):
    return answer.status_code, answer.json().get("code")


def files(stoa, document):
    """The files that are known of a document, the standing one first; each lies there."""
    rows = stoa.sql(
        "SELECT storage_key FROM pdf_uploads WHERE id = %s UNION ALL "
        "SELECT storage_key FROM replaced_files WHERE document_id = %s",
        (document["id"], document["id"]),
    )
    names = [row[0] for row in rows]
    assert all((stoa.data_dir / "documents" / name).exists() for name in names)
    return names


def lying_there(stoa):
    return {path.name for path in (stoa.data_dir / "documents").iterdir()}


def give(owner, user, document, permission):
    share = {"document_id": document["id"], "user_id": user.id, "permission_type": permission}
    assert owner.http.post("/documents/share", json=share).status_code == 200


def test_the_document_stays_and_its_content_is_another(stoa, new_user):
    owner, writer = new_user(), new_user()
    room = owner.room()
    before = ready(owner, WHALE, name="whale.txt", room_id=room["id"], title="T", tags='["a"]')
    give(owner, writer, before, "write")
    path = f"/documents/{before['id']}"
    old_file = owner.http.get(path + "/file")
    assert "whale" in answered(owner, "Who sings under the ice?", path + "/chat")["answer"]

    now = replaced(writer, before, pdfs.facts_pdf(3), name="../facts.pdf")
    assert (now["id"], now["version"], before["version"]) == (before["id"], 2, 1)
    assert now["status"] == "queued" and now["page_count"] is None and now["progress"] == 0
    assert (now["title"], now["tags"], now["owner_id"]) == ("T", ["a"], owner.id)
    assert (now["file_name"], now["mime_type"]) == ("facts.pdf", "application/pdf")
    assert now["sha256"] != before["sha256"] and now["created_at"] == before["created_at"]
    ready_now = wait_done(owner, before)
    assert (ready_now["status"], ready_now["page_count"], ready_now["version"]) == ("ready", 3, 2)
    assert len(owner.http.get(path + "/permissions").json()["items"]) == 2

    answer = answered(owner, "At what temperature does caesium boil?", path + "/chat")
    assert "671" in answer["answer"] and answer["sources"][0]["version"] == 2
    assert "whale" not in answered(owner, "Who sings under the ice?", path + "/chat")["answer"]
    file = owner.http.get(path + "/file")
    assert file.content == pdfs.facts_pdf(3) and file.headers["ETag"] != old_file.headers["ETag"]
    told = {"If-None-Match": old_file.headers["ETag"]}
    assert owner.http.get(path + "/file", headers=told).status_code == 200
    told = {"If-Range": old_file.headers["ETag"], "Range": "bytes=5-9"}
    assert owner.http.get(path + "/file", headers=told).content == file.content

    events = owner.http.get(f"/rooms/{room['id']}/events").json()["items"]
    statuses = [e["data"] for e in events if e["type"] == "document_status"]
    assert [(s["status"], s["version"]) for s in statuses] == [
        ("processing", 1),
        ("ready", 1),
        ("queued", 2),
        ("processing", 2),
        ("ready", 2),
    ]


def test_the_old_text_is_gone_before_the_new_one_is_read(stoa, new_user):
    owner = new_user()
    room = owner.room()
    document = ready(owner, WHALE, name="whale.txt", room_id=room["id"])
    path = f"/documents/{document['id']}"
    stoa.kill_worker()  # nobody reads the new version
    with RoomClient.of(owner, room["id"]) as client:
        replaced(owner, document, BREAD)
        status = client.wait_for("document_status")
        assert (status["data"]["status"], status["data"]["version"]) == ("queued", 2)
    assert code(owner.http.get(path + "/pages/1")) == (404, "page_not_found")
    question = {"question": "Who sings under the ice?"}
    for asked in (path + "/chat", f"/rooms/{room['id']}/ask"):
        assert code(owner.http.post(asked, json=question)) == (409, "nothing_to_read")
    for table in ("document_chunks", "document_pages"):
        rows = stoa.sql(f"SELECT FROM {table} WHERE document_id = %s", (document["id"],))
        assert rows == []
    assert owner.http.get(path + "/file").text == BREAD
    assert owner.http.get(path + "/file?version=1").text == WHALE
    before = files(stoa, document)
    stoa.start_worker()
    assert wait_done(owner, document)["status"] == "ready"
    assert files(stoa, document) == before[:1]
    wait_until("the old file is gone", lambda: before[1] not in lying_there(stoa))
    assert code(owner.http.get(path + "/file?version=1")) == (404, "version_not_found")


def test_a_table_that_becomes_a_text_has_no_profile(stoa, new_user):
    owner = new_user()
    document = ready(owner, b"name,price\nAda,3\nBob,5\n", name="t.csv")
    path = f"/documents/{document['id']}"
    assert owner.http.get(path + "/profile").json()["rows"] == 2
    asked = answered(owner, "What is the mean price?", path + "/chat")
    assert asked["computation"]["version"] == 1
    replaced(owner, document, b"name,price\nAda,7\n", name="t.csv")
    assert wait_done(owner, document)["status"] == "ready"
    assert owner.http.get(path + "/profile").json()["rows"] == 1
    asked = answered(owner, "What is the mean price?", path + "/chat")
    assert "7" in asked["answer"] and asked["computation"]["version"] == 2
    replaced(owner, document, BREAD)
    assert code(owner.http.get(path + "/profile")) == (404, "not_a_table")


def test_a_broken_file_fails_and_takes_nothing_away(stoa, new_user):
    owner, reader = new_user(), new_user()
    document = ready(owner, WHALE, name="whale.txt")
    give(owner, reader, document, "read")
    path = f"/documents/{document['id']}"
    broken = pdfs.facts_pdf()[:400]
    replaced(owner, document, broken, name="broken.pdf")
    failed = wait_done(owner, document)
    assert failed["status"] == "failed" and failed["error_code"] and failed["error"]
    assert code(ask(owner, "Who sings?", path + "/chat")) == (409, "nothing_to_read")
    assert owner.http.get(path + "/file").content == broken
    old = owner.http.get(path + "/file?version=1")
    assert old.text == WHALE and "whale.txt" in old.headers["Content-Disposition"]
    assert code(reader.http.get(path + "/file?version=1")) == (403, "permission_too_low")
    assert reader.http.get(path + "/file?version=2").status_code == 200
    assert code(new_user().http.get(path + "/file?version=1")) == (404, "document_not_found")
    for bad in ("0", "x", "2147483648"):
        assert owner.http.get(path + f"/file?version={bad}").status_code == 422
    replaced(owner, document, old.content)
    again = wait_done(owner, document)
    assert (again["status"], again["version"]) == ("ready", 3)
    assert "whale" in answered(owner, "Who sings under the ice?", path + "/chat")["answer"]
    assert len(files(stoa, document)) == 1


def test_what_is_refused_changes_nothing(stoa, new_user):
    owner, reader = new_user(), new_user()
    document = ready(owner, WHALE, name="whale.txt")
    give(owner, reader, document, "read")
    path = f"/documents/{document['id']}/file"
    there = lying_there(stoa)
    assert code(replace(reader, document, BREAD)) == (403, "permission_too_low")
    assert code(replace(new_user(), document, BREAD)) == (404, "document_not_found")
    assert code(replace(owner, {"id": "7"}, BREAD)) == (404, "document_not_found")
    assert code(replace(owner, document, b"")) == (422, "file_empty")
    assert code(replace(owner, document, b"GIF89a\x01\x02\xff", name="a.gif"))[0] == 415
    form = {"files": {"file": ("a.txt", BREAD)}, "data": {"title": "x"}}
    extra = owner.http.put(path, **form)
    assert code(extra) == (422, "validation_failed")
    assert extra.json()["errors"][0]["loc"] == ["body", "title"]
    missing = owner.http.put(path, files={"other": ("a.txt", BREAD)})
    assert code(missing) == (422, "validation_failed")
    assert code(owner.http.put(path, json={})) == (415, "unsupported_media_type")
    assert get(owner, document)["version"] == 1
    assert lying_there(stoa) == there
    assert "whale" in answered(owner, "Who sings?", f"/documents/{document['id']}/chat")["answer"]


def test_a_repeated_request_replaces_once(stoa, new_user):
    owner = new_user()
    document = ready(owner, WHALE, name="whale.txt")
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    first = replaced(owner, document, BREAD, headers=headers)
    assert replaced(owner, document, BREAD, headers=headers) == first
    assert get(owner, document)["version"] == 2


def test_the_first_version_may_still_be_under_way(stoa, new_user):
    owner = new_user()
    document = uploaded(owner, pdfs.long_pdf(60))
    wait_until("it is being read", lambda: get(owner, document)["progress"] > 0)
    replaced(owner, document, BREAD)
    done = wait_done(owner, document)
    assert (done["status"], done["version"], done["page_count"]) == ("ready", 2, 1)

    def idle():
        rows = stoa.sql(
            "SELECT state FROM jobs WHERE arguments ->> 'document_id' = %s", (document["id"],)
        )
        return {row[0] for row in rows} == {"done"}

    wait_until("the run over the first version has ended", idle)
    assert [row[4] for row in chunks(stoa, owner, document)] == [BREAD]
    assert len(files(stoa, document)) == 1


@pytest.mark.parametrize("kills", [1, 3])
def test_a_worker_killed_amid_the_second_version(stoa, new_user, kills):
    owner = new_user()
    expected = chunks(stoa, owner, ready(owner, pdfs.long_pdf(40)))
    document = ready(owner, pdfs.long_pdf(7))
    replaced(owner, document, pdfs.long_pdf(40), name="long.pdf")
    chance = random.Random(kills)
    for _ in range(kills):
        time.sleep(chance.uniform(0.1, 1.5))
        stoa.kill_worker()
        stoa.start_worker()
    done = wait_done(owner, document)
    assert (done["status"], done["version"], done["page_count"]) == ("ready", 2, 40)
    assert chunks(stoa, owner, document) == expected
    assert len(files(stoa, document)) == 1


def test_of_replacements_at_once_the_last_one_stands(stoa, new_user, other_node):
    owner = new_user()
    document = ready(owner, WHALE, name="whale.txt")
    there = lying_there(stoa)
    people = [owner, owner.at(other_node)] * 4
    with concurrent.futures.ThreadPoolExecutor(len(people)) as pool:
        answers = list(
            pool.map(lambda i: replaced(people[i], document, f"Number {i} rises."), range(8))
        )
    assert sorted(answer["version"] for answer in answers) == list(range(2, 10))
    last = max(answers, key=lambda answer: answer["version"])
    done = wait_done(owner, document)
    assert (done["status"], done["version"], done["sha256"]) == ("ready", 9, last["sha256"])
    rows = chunks(stoa, owner, document)
    assert [row[4] for row in rows] == [f"Number {answers.index(last)} rises."]
    assert len(files(stoa, document)) == 1

    def only_one_more():
        return len(lying_there(stoa) - there) == 1

    wait_until("no file is left over", only_one_more)


def test_deleted_while_it_is_replaced(stoa, new_user, other_node):
    owner = new_user()
    there = lying_there(stoa)
    for _ in range(5):
        document = ready(owner, WHALE, name="whale.txt")
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            one = pool.submit(replace, owner.at(other_node), document, BREAD)
            gone = owner.http.delete(f"/documents/{document['id']}")
            assert one.result().status_code in (202, 404) and gone.status_code == 204
        assert owner.http.get(f"/documents/{document['id']}").status_code == 404
    wait_until("no file is left over", lambda: lying_there(stoa) <= there)


@pytest.fixture
def waiting_model(stoa, tmp_path, start):
    """A node whose model holds its answers back until its gate is open."""
    server = ModelServer(tmp_path)
    server.node = start(
        llm_base_url=server.url,
        llm_api_key="key",
        llm_offline_fallback="off",
        outbound_ca_file=server.certificate,
    )
    yield server
    server.gate.set()
    server.close()


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_an_answer_under_way_is_not_given_from_the_old_text(
    stoa, new_user, waiting_model, accept
):
    owner = new_user().at(waiting_model.node)
    document = ready(owner, WHALE, name="whale.txt")
    path = f"/documents/{document['id']}/chat"
    waiting_model.plan = ["gate"]
    waiting_model.gate.clear()
    answers = []

    def ask_now():
        sent = {"json": {"question": "Who sings?"}, "headers": {"Accept": accept}}
        answers.append(owner.http.post(path, **sent))

    asking = threading.Thread(target=ask_now)
    asking.start()
    wait_until("the model is asked", lambda: waiting_model.seen)
    replaced(new_user_session(owner), document, BREAD)
    waiting_model.gate.set()
    asking.join(30)
    (answer,) = answers
    if accept == "application/json":
        assert code(answer) == (409, "document_replaced")
    else:
        assert "event: done" not in answer.text
        told = answer.text.split("event: error\ndata: ")[1].splitlines()[0]
        assert json.loads(told)["code"] == "document_replaced"
    listed = owner.http.get("/conversations").json()["items"]
    assert listed == [], "what was not answered is not stored"
    assert wait_done(owner, document)["status"] == "ready"
    assert owner.http.post(path, json={"question": "What rises?"}).status_code == 200


def new_user_session(user):
    """The same person over a connection of their own."""
    return user.at(user.url)
