# SPDX-License-Identifier: Apache-2.0
"""Documents from the upload to the last chunk, on real parts: who may see them, what becomes of bad
files, and that nothing is lost or doubled when a part dies."""

import datetime
import json
import random
import time

import pytest
import redis as redis_client

import pdfs
from stack import wait_until


def upload(user, data, name="facts.pdf", **fields):
    return user.http.post(
        "/documents/upload", data=fields, files={"file": (name, data, "application/pdf")}
    )


def uploaded(user, data, **more):
    answer = upload(user, data, **more)
    assert answer.status_code == 202, answer.text
    return answer.json()


def get(user, document):
    answer = user.http.get(f"/documents/{document['id']}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def wait_done(user, document, seconds=60):
    def done():
        now = get(user, document)
        return now if now["status"] in ("ready", "failed") else None

    return wait_until("the document is ready or failed", done, seconds)


def ready(user, data, **more):
    document = wait_done(user, uploaded(user, data, **more))
    assert document["status"] == "ready", document
    return document


def chunks(stoa, user, document):
    """(page, ordinal, begin, end, text) of each chunk; the text is that of the page, which only
    its readers see."""
    rows = stoa.sql(
        "SELECT page, ordinal, text_begin, text_end FROM document_chunks "
        "WHERE document_id = %s ORDER BY ordinal",
        (document["id"],),
    )
    pages = {
        page: user.http.get(f"/documents/{document['id']}/pages/{page}").json()["text"].encode()
        for page in {row[0] for row in rows}
    }
    return [(*row, pages[row[0]][row[2] : row[3]].decode()) for row in rows]


def in_seconds(seconds):
    return (
        datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    ).isoformat()


def test_a_pdf_becomes_pages_chunks_and_boxes(stoa, new_user):
    user = new_user()
    data = pdfs.facts_pdf()
    document = uploaded(user, data, name="../x/Fäkten.pdf", title="Facts", tags='["chemistry"]')
    assert document["status"] in ("queued", "processing")
    assert (document["title"], document["file_name"], document["tags"]) == (
        "Facts",
        "Fäkten.pdf",
        ["chemistry"],
    )
    assert (document["mime_type"], document["file_size_bytes"]) == ("application/pdf", len(data))
    progress = [0]

    def done():
        now = get(user, document)
        progress.append(now["progress"])
        return now if now["status"] == "ready" else None

    document = wait_until("the document is ready", done)
    assert progress == sorted(progress) and progress[-1] == 1
    assert document["page_count"] == 12 and document["error"] is None
    for number, fact, _, _ in pdfs.FACTS:
        page = user.http.get(f"/documents/{document['id']}/pages/{number}").json()
        assert fact in page["text"].replace("\n", " ")
        text = page["text"].encode()
        begin, end, x0, y0, x1, y1 = page["words"][0]
        assert text[begin:end].decode() == "Chapter"
        assert 60 < x0 < x1 < 200 and 50 < y0 < y1 < 100  # 72 points from the left, near the top
        assert (page["width"], page["height"]) == (595, 842)
    rows = chunks(stoa, user, document)
    assert {row[0] for row in rows} == set(range(1, 13))
    for page, fact, _, _ in pdfs.FACTS:
        assert any(row[0] == page and fact in row[4].replace("\n", " ") for row in rows)
    for bad in ("0", "13", "-1", "x", "99999999999"):
        answer = user.http.get(f"/documents/{document['id']}/pages/{bad}")
        assert (answer.status_code, answer.json()["code"]) == (404, "page_not_found")


def test_the_file_comes_back_whole_and_in_ranges(stoa, new_user):
    user = new_user()
    data = pdfs.facts_pdf()
    document = uploaded(user, data, name="Fäkten 1.pdf")
    path = f"/documents/{document['id']}/file"
    whole = user.http.get(path)
    assert whole.status_code == 200 and whole.content == data
    assert whole.headers["Content-Type"] == "application/pdf"
    assert "filename*=UTF-8''F%C3%A4kten%201.pdf" in whole.headers["Content-Disposition"]
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    part = user.http.get(path, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, data[100:200])
    end = user.http.get(path, headers={"Range": "bytes=-50"})
    assert (end.status_code, end.content) == (206, data[-50:])


def test_the_room_hears_of_a_document(stoa, new_user):
    user = new_user()
    room = user.room()
    listener = redis_client.Redis(port=stoa.redis_port).pubsub()
    listener.subscribe(f"room:{room['id']}:documents")
    document = ready(user, pdfs.long_pdf(30), room_id=room["id"])
    events = user.http.get(f"/rooms/{room['id']}/events").json()["items"]
    shared = [e for e in events if e["type"] == "document_shared"]
    assert [e["data"]["document"]["id"] for e in shared] == [document["id"]]
    statuses = [e["data"]["status"] for e in events if e["type"] == "document_status"]
    assert statuses == ["processing", "ready"]
    seen = []

    def all_heard():
        message = listener.get_message(timeout=1)
        if message and message["type"] == "message":
            seen.append(json.loads(message["data"]))
        return any(e["type"] == "document_status" and e["data"]["status"] == "ready" for e in seen)

    wait_until("the room's channel tells that it is ready", all_heard)
    passing = [
        e["data"]["progress"] for e in seen if e["type"] == "document_status" and "seq" not in e
    ]
    assert passing and passing == sorted(passing)
    listed = user.http.get(f"/rooms/{room['id']}/documents").json()["items"]
    assert [d["id"] for d in listed] == [document["id"]]


@pytest.mark.parametrize("kind", pdfs.BAD)
def test_a_bad_file_gives_a_clear_error_and_harms_nobody(stoa, new_user, kind):
    make, codes = pdfs.BAD[kind]
    user = new_user()
    answer = upload(user, make(), name="bad.pdf")
    if answer.status_code != 202:
        problem = answer.json()
        assert answer.status_code in (415, 422) and problem["code"] in codes and problem["detail"]
        assert user.http.get("/documents/library").json()["items"] == []
        return
    failed = wait_done(user, answer.json(), seconds=150)
    assert failed["status"] == "failed", failed
    assert failed["error_code"] in codes and len(failed["error"]) > 10
    assert chunks(stoa, user, failed) == []
    asked = user.http.post(f"/documents/{failed['id']}/chat", json={"question": "What is in it?"})
    assert (asked.status_code, asked.json()["code"]) == (409, "nothing_to_read")


def test_the_form_is_read_strictly(stoa, new_user):
    user = new_user()
    data = pdfs.facts_pdf(1)
    for fields, loc in [
        ({"colour": "red"}, "colour"),
        ({"title": "x" * 301}, "title"),
        ({"tags": "no json"}, "tags"),
        ({"room_id": "7"}, "room_id"),
        ({"is_public": "maybe"}, "is_public"),
    ]:
        answer = upload(user, data, **fields)
        assert answer.status_code == 422, fields
        assert answer.json()["errors"][0]["loc"][:2] == ["body", loc]
    answer = user.http.post(
        "/documents/upload", data={"title": "x"}, files={"other": ("a.pdf", data)}
    )
    assert answer.status_code == 422
    assert user.http.post("/documents/upload", json={}).status_code == 415
    assert user.http.get("/documents/library?colour=red").status_code == 422
    assert user.http.get("/documents/library?limit=0").status_code == 422
    assert user.http.get("/documents/library?cursor=x").status_code == 422
    assert user.http.get("/documents/library").json() == {"items": [], "next_cursor": None}


def test_who_may_see_a_document(stoa, new_user):
    owner, member, stranger, guest = (new_user() for _ in range(4))
    room = owner.room(room_type="private")
    code = owner.http.post(f"/rooms/{room['id']}/invites", json={}).json()["code"]
    assert (
        member.http.post(
            "/rooms/join", json={"room_id": room["id"], "invite_code": code}
        ).status_code
        == 200
    )
    document = ready(owner, pdfs.facts_pdf(3), room_id=room["id"])
    path = f"/documents/{document['id']}"
    question = {"question": "What boils?"}

    def codes(user):
        return [
            user.http.get(path).status_code,
            user.http.get(path + "/file").status_code,
            user.http.get(path + "/pages/1").status_code,
            user.http.post(path + "/chat", json=question).status_code,
            user.http.patch(path, json={"title": "Mine"}).status_code,
            user.http.get(path + "/permissions").status_code,
            user.http.delete(path).status_code,
        ]

    assert codes(stranger) == [404] * 7
    assert codes(member) == [200, 200, 200, 200, 403, 403, 403]
    assert stranger.http.post(f"/rooms/{room['id']}/ask", json=question).status_code == 404
    assert stranger.http.get(f"/rooms/{room['id']}/documents").status_code == 404

    share = {"document_id": document["id"], "user_id": guest.id, "permission_type": "write"}
    assert (
        owner.http.post(
            "/documents/share", json={**share, "expires_at": in_seconds(-5)}
        ).status_code
        == 422
    )
    assert (
        owner.http.post(
            "/documents/share", json={**share, "expires_at": in_seconds(2)}
        ).status_code
        == 200
    )
    assert codes(guest)[:5] == [200] * 5
    assert [
        d["id"] for d in guest.http.get("/documents/library?scope=shared").json()["items"]
    ] == [document["id"]]
    wait_until("the share has expired", lambda: guest.http.get(path).status_code == 404)
    assert codes(guest) == [404] * 7
    assert guest.http.get("/documents/library?scope=shared").json()["items"] == []

    assert member.http.post("/rooms/leave", json={"room_id": room["id"]}).status_code == 204
    assert codes(member) == [404] * 7
    assert owner.http.patch(path, json={"is_public": True}).json()["is_public"] is True
    assert codes(stranger) == [200, 200, 200, 200, 403, 403, 403]


def test_permissions_are_given_and_taken(stoa, new_user):
    owner, reader = new_user(), new_user()
    document = uploaded(owner, pdfs.facts_pdf(1))
    path = f"/documents/{document['id']}"
    given = owner.http.put(
        path + "/permissions", json={"user_id": reader.id, "permission_type": "read"}
    )
    assert given.status_code == 200 and given.json()["permission_type"] == "read"
    assert len(owner.http.get(path + "/permissions").json()["items"]) == 1
    assert owner.http.delete(path + f"/permissions?user_id={reader.id}").status_code == 204
    assert owner.http.delete(path + f"/permissions?user_id={reader.id}").status_code == 404
    assert reader.http.get(path).status_code == 404


def test_the_library_finds_and_pages(stoa, new_user):
    user = new_user()
    documents = [
        uploaded(
            user,
            pdfs.facts_pdf(1),
            title=f"Book {i}",
            tags=json.dumps(["odd"] if i % 2 else []),
            allow_duplicate="true",
        )
        for i in range(5)
    ]
    seen, cursor = [], None
    while True:
        page = user.http.get(
            "/documents/library", params={"limit": 2, **({"cursor": cursor} if cursor else {})}
        ).json()
        seen += [d["id"] for d in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert seen == [d["id"] for d in reversed(documents)]
    assert [d["title"] for d in user.http.get("/documents/library?q=bOOk 3").json()["items"]] == [
        "Book 3"
    ]
    assert len(user.http.get("/documents/library?tag=odd").json()["items"]) == 2
    changed = user.http.patch(
        f"/documents/{documents[0]['id']}", json={"title": "New", "tags": ["a", "b"]}
    ).json()
    assert (changed["title"], changed["tags"]) == ("New", ["a", "b"])


def test_a_deleted_document_is_gone(stoa, new_user):
    user = new_user()
    document = ready(user, pdfs.facts_pdf(3))
    [(key,)] = stoa.sql("SELECT storage_key FROM pdf_uploads WHERE id = %s", (document["id"],))
    file = stoa.data_dir / "documents" / key
    assert file.exists()
    assert user.http.delete(f"/documents/{document['id']}").status_code == 204
    assert not file.exists() and chunks(stoa, user, document) == []
    assert user.http.get(f"/documents/{document['id']}").status_code == 404
    assert user.http.delete(f"/documents/{document['id']}").status_code == 404


@pytest.fixture(scope="module")
def undisturbed(shared_stack):
    """The chunks of a document that was read in peace, and how long that took."""
    user = shared_stack.new_user()
    began = time.monotonic()
    document = ready(user, pdfs.long_pdf(40))
    return chunks(shared_stack, user, document), time.monotonic() - began


@pytest.mark.parametrize("kills", [1, 2, 6])
def test_a_worker_killed_again_and_again_neither_loses_nor_doubles(
    stoa, new_user, undisturbed, kills
):
    expected, whole = undisturbed
    user = new_user()
    chance = random.Random(kills)
    document = uploaded(user, pdfs.long_pdf(40))
    for _ in range(kills):
        time.sleep(chance.uniform(0, whole / 2))
        stoa.kill_worker()
        stoa.start_worker()
    before = get(user, document)["progress"]
    wait_until(
        "it goes on",
        lambda: get(user, document)["progress"] > before or before == 1,
        max(10, whole),  # to lapse, and to come as far again: under a sanitizer that takes minutes
    )
    document = wait_done(user, document)
    assert document["status"] == "ready", document
    assert chunks(stoa, user, document) == expected
    pages = stoa.sql(
        "SELECT count(*), count(DISTINCT page) FROM document_pages WHERE document_id = %s",
        (document["id"],),
    )
    assert pages == [(40, 40)]


def test_without_redis_documents_are_still_read(stoa, new_user):
    user = new_user()
    room = user.room()
    stoa.stop_redis()
    document = ready(user, pdfs.facts_pdf(), room_id=room["id"])
    assert document["page_count"] == 12


def test_without_postgres_uploads_are_refused_and_readings_go_on_later(stoa, new_user):
    user = new_user()
    document = uploaded(user, pdfs.long_pdf(40))
    wait_until("it is being read", lambda: get(user, document)["status"] != "queued")
    stoa.stop_postgres()
    refused = upload(user, pdfs.facts_pdf())
    assert refused.status_code == 503 and int(refused.headers["Retry-After"]) > 0
    stoa.start_postgres()
    document = wait_done(user, document)
    assert document["status"] == "ready", document
    rows = chunks(stoa, user, document)
    assert len({(row[0], row[2]) for row in rows}) == len(rows)
    assert [d["id"] for d in user.http.get("/documents/library").json()["items"]] == [
        document["id"]
    ]
