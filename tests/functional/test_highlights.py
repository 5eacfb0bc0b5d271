# SPDX-License-Identifier: Apache-2.0
"""Highlights: found by the server where their words stand, over lines and pages; for their author,
a room, or all readers; told to the room; and gone from its log when they are deleted."""

import uuid

import pytest

import pdfs
from room_client import RoomClient
from test_documents import in_seconds, ready, uploaded

FACT = pdfs.FACTS[0][1]  # on page 2
SAIL = "A sail works like a wing that stands upright in the wind."


def mark(user, document, quote=FACT, **more):
    return user.http.post(f"/documents/{document['id']}/highlights", json={"quote": quote, **more})


def marked(user, document, quote=FACT, **more):
    answer = mark(user, document, quote, **more)
    assert answer.status_code == 201, answer.text
    return answer.json()


def listed(user, document, **query):
    answer = user.http.get(f"/documents/{document['id']}/highlights", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def ids(items):
    return [item["id"] for item in items]


def path_of(document, highlight):
    return f"/documents/{document['id']}/highlights/{highlight['id']}"


def share(user, document, **with_whom):
    body = {"document_id": document["id"], "permission_type": "read", **with_whom}
    answer = user.http.post("/documents/share", json=body)
    assert answer.ok, answer.text


@pytest.fixture(scope="module")
def ada(shared_stack):
    shared_stack.heal()
    user = shared_stack.new_user()
    user.document = ready(user, pdfs.facts_pdf())
    return user


def test_the_server_says_where_the_words_stand(ada):
    note = "Low for a metal?\n  <b>"
    highlight = marked(ada, ada.document, page=2, note=note, color="green")
    assert (highlight["page"], highlight["page_end"], highlight["quote"]) == (2, 2, FACT)
    assert highlight["user"]["id"] == ada.id and highlight["document_id"] == ada.document["id"]
    assert (highlight["note"], highlight["color"]) == (note, "green")
    assert (highlight["visibility"], highlight["room_id"]) == ("private", None)
    assert highlight["prefix"] and highlight["suffix"] and highlight["original_quote"] is None
    assert not highlight["is_orphan"] and highlight["document_version"] == 1
    page = ada.http.get(f"/documents/{ada.document['id']}/pages/2").json()
    text = page["text"].encode()
    begin = text.index(FACT[:40].encode())
    words = [w for w in page["words"] if begin <= w[0] < begin + len(FACT)]
    (box,) = highlight["boxes"]
    assert box["page"] == 2
    assert (box["x0"], box["x1"]) == (words[0][2], words[-1][4])
    assert listed(ada, ada.document, page=2)[0] == highlight


def test_line_breaks_ligatures_and_hyphens_do_not_hide_it(shared_stack):
    user = shared_stack.new_user()
    lines = ["It is an office of great influ-", "ence and", "of some age."]
    document = ready(user, pdfs.pdf([lines]), name="lines.pdf")
    for quote in (
        "office of great influence and of some age",
        "  oﬃce of\ngreat in\u00adfluence   and of some age ",
        "office of great influ-\nence and of some age",
    ):
        highlight = marked(user, document, quote)
        assert len(highlight["boxes"]) == 3
        assert highlight["suffix"] == "."


def test_a_quote_goes_over_the_end_of_a_page(shared_stack):
    user = shared_stack.new_user()
    pages = [["Begin.", "A sail works like a wing"], ["that stands upright", "in the wind. End."]]
    document = ready(user, pdfs.pdf(pages), name="sail.pdf")
    highlight = marked(user, document, SAIL, page=1)
    assert (highlight["page"], highlight["page_end"], highlight["quote"]) == (1, 2, SAIL)
    assert [box["page"] for box in highlight["boxes"]] == [1, 2, 2]
    assert (highlight["prefix"], highlight["suffix"]) == ("Begin.", "End.")
    for page in (1, 2):
        assert ids(listed(user, document, page=page)) == [highlight["id"]]


def test_repeated_words_are_told_apart(shared_stack):
    user = shared_stack.new_user()
    pages = [["The cell divides.", "The cell grows.", "The cell rests."], ["The cell dies."]]
    document = ready(user, pdfs.pdf(pages), name="cells.pdf")
    top = [marked(user, document, "The cell", page=1)["boxes"][0]["y0"]]
    top += [marked(user, document, "The cell", suffix=" grows")["boxes"][0]["y0"]]
    last = marked(user, document, "The cell", prefix="grows. ", suffix=" rests")
    top += [last["boxes"][0]["y0"]]
    assert top == sorted(set(top))
    assert marked(user, document, "The cell", page=2)["page"] == 2
    touched = last["boxes"][0]
    again = marked(user, document, "The cell", page=1, boxes=[touched])
    assert again["boxes"] == last["boxes"], "the one that was selected on the page"


def test_what_cannot_be_is_said_clearly(ada):
    document = ada.document
    answer = mark(ada, document, "Words that are nowhere in it.", page=2)
    assert (answer.status_code, answer.json()["code"]) == (422, "quote_not_found")
    for body, loc in (
        ({"page": 13}, "page"),
        ({"page": 0}, "page"),
        ({"quote": ""}, "quote"),
        ({"quote": "x" * 4001}, "quote"),
        ({"note": "x" * 4001}, "note"),
        ({"prefix": "x" * 501}, "prefix"),
        ({"color": "plaid"}, "color"),
        ({"visibility": "room"}, "room_id"),
        ({"visibility": "public", "room_id": str(uuid.uuid4())}, "room_id"),
        ({"boxes": [{"x0": 5, "y0": 1, "x1": 5, "y1": 2}]}, "boxes"),
        ({"boxes": [{"x0": 0, "y0": 1, "x1": 1e300, "y1": 2}]}, "boxes"),
        ({"boxes": [{"x0": 0, "y0": 1, "x1": 2, "y1": 2}] * 201}, "boxes"),
        ({"colour": "red"}, "colour"),
    ):
        answer = mark(ada, document, **{"quote": FACT, **body})
        assert answer.status_code == 422, (body, answer.text)
        assert answer.json()["errors"][0]["loc"][1] == loc, (body, answer.text)
    for query in ("page=0", "visibility=x", "room_id=x", "orphans=2", "cursor=x", "cursor=1_2_x"):
        answer = ada.http.get(f"/documents/{document['id']}/highlights?{query}")
        assert answer.status_code == 422, query
    for bad in (uuid.uuid4(), "x"):
        answer = ada.http.patch(f"/documents/{document['id']}/highlights/{bad}", json={"note": "x"})
        assert (answer.status_code, answer.json()["code"]) == (404, "highlight_not_found")


def test_a_document_that_is_not_read_yet_has_no_words(stoa, new_user):
    user = new_user()
    stoa.kill_worker()
    answer = mark(user, uploaded(user, pdfs.facts_pdf()))
    assert (answer.status_code, answer.json()["code"]) == (409, "document_not_ready")


def test_the_author_changes_what_they_like(shared_stack):
    user, other = shared_stack.new_user(), shared_stack.new_user()
    document = ready(user, pdfs.facts_pdf())
    share(user, document, user_id=other.id)
    highlight = marked(user, document, page=2, note="One.")
    path = path_of(document, highlight)
    changed = user.http.patch(path, json={"note": "Two.", "color": "blue"}).json()
    assert (changed["note"], changed["color"], changed["quote"]) == ("Two.", "blue", FACT)
    assert changed["updated_at"] > highlight["updated_at"]
    assert user.http.patch(path, json={"color": "red"}).json()["note"] == "Two."
    assert user.http.patch(path, json={"note": ""}).json()["note"] is None
    assert other.http.patch(path, json={"note": "Mine?"}).status_code == 404
    assert user.http.patch(path, json={"visibility": "public"}).json()["visibility"] == "public"
    assert other.http.patch(path, json={"note": "Mine?"}).status_code == 403
    moved = user.http.patch(path, json={"quote": pdfs.FACTS[1][1]}).json()
    assert (moved["page"], moved["quote"]) == (5, pdfs.FACTS[1][1])
    assert user.http.patch(path, json={"quote": "It is not there."}).status_code == 422
    for alone in ({"page": 3}, {"prefix": "x"}, {"boxes": []}):
        answer = user.http.patch(path, json=alone)
        assert answer.json()["errors"][0]["loc"] == ["body", "quote"], alone
    assert ids(listed(user, document)) == [highlight["id"]]
    assert user.http.delete(path).status_code == 204
    assert user.http.delete(path).status_code == 404
    assert listed(user, document) == []


def test_who_may_see_and_delete_them(shared_stack):
    owner, reader, stranger = (shared_stack.new_user() for _ in range(3))
    document = ready(owner, pdfs.facts_pdf())
    share(owner, document, user_id=reader.id)
    private = marked(reader, document, "Chapter 1", page=1)
    public = marked(reader, document, "Chapter 2", page=2, visibility="public")
    assert ids(listed(reader, document)) == [private["id"], public["id"]]
    assert ids(listed(owner, document)) == [public["id"]]
    assert listed(owner, document, mine="true") == []
    assert ids(listed(reader, document, visibility="private")) == [private["id"]]
    for method in ("delete", "patch"):
        body = {"json": {"note": "x"}} if method == "patch" else {}
        answer = getattr(stranger.http, method)(path_of(document, public), **body)
        assert (answer.status_code, answer.json()["code"]) == (404, "document_not_found")
        answer = getattr(owner.http, method)(path_of(document, private), **body)
        assert (answer.status_code, answer.json()["code"]) == (404, "highlight_not_found")
    mine = marked(owner, document, "Chapter 3", page=3, visibility="public")
    answer = reader.http.delete(path_of(document, mine))
    assert (answer.status_code, answer.json()["code"]) == (403, "not_the_author")
    assert owner.http.delete(path_of(document, public)).status_code == 204, "the document's admin"
    owner.http.delete(f"/documents/{document['id']}/permissions", params={"user_id": reader.id})
    answer = reader.http.get(f"/documents/{document['id']}/highlights")
    assert answer.status_code == 404, "what one may not read has no highlights"
    share(owner, document, user_id=reader.id)
    assert ids(listed(reader, document)) == [private["id"], mine["id"]], "kept for who comes back"


@pytest.fixture
def room(shared_stack):
    """A room of the owner's with two members, into which the owner's document is shared."""
    owner, ada, bob = (shared_stack.new_user() for _ in range(3))
    owner.the_room = owner.room()["id"]
    for member in (ada, bob):
        assert member.http.post("/rooms/join", json={"room_id": owner.the_room}).ok
    owner.document = ready(owner, pdfs.facts_pdf(), room_id=owner.the_room)
    return owner, ada, bob


def test_a_room_hears_of_its_highlights(room):
    owner, ada, bob = room
    with RoomClient.of(bob, owner.the_room) as listener, RoomClient.of(ada, owner.the_room) as mine:
        document = owner.document
        ack = mine.ask(
            "highlight_create", document_id=document["id"], quote=FACT, page=2, note="Look!"
        )
        assert ack["type"] == "ack", ack
        created = listener.wait_for("highlight_created")
        assert created["seq"] == ack["data"]["seq"]
        data = created["data"]
        assert data["id"] == ack["data"]["highlight_id"] and data["note"] == "Look!"
        assert (data["visibility"], data["room_id"]) == ("room", owner.the_room)
        assert data == listed(bob, document, room_id=owner.the_room)[0]
        path = path_of(document, data)
        assert ada.http.patch(path, json={"note": "See?"}).ok
        assert listener.wait_for("highlight_updated")["data"]["note"] == "See?"
        assert ada.http.patch(path, json={"visibility": "private"}).ok
        deleted = listener.wait_for("highlight_deleted")
        assert deleted["data"]["id"] == data["id"]
        assert listed(bob, document) == []
        log = bob.http.get(f"/rooms/{owner.the_room}/events").text
        assert FACT not in log and "Look!" not in log and "See?" not in log
        body = {"visibility": "room", "room_id": owner.the_room}
        assert ada.http.patch(path, json=body).ok
        again = listener.wait_for("highlight_created", lambda f: f["seq"] > deleted["seq"])
        assert again["data"]["note"] == "See?"
    log = bob.http.get(f"/rooms/{owner.the_room}/events").json()["items"]
    told = [e["type"] for e in log if e["type"].startswith("highlight_")]
    assert told == [
        "highlight_created",
        "highlight_updated",
        "highlight_deleted",
        "highlight_created",
    ]


def test_what_a_socket_asks_wrongly_is_said_to_it(room, shared_stack):
    owner, ada, _ = room
    alone = ready(ada, pdfs.pdf([["My own page."]]), name="own.pdf")
    with RoomClient.of(ada, owner.the_room) as client:

        def code(**data):
            answer = client.ask("highlight_create", **data)
            assert answer["type"] == "error", answer
            return answer["data"]["code"]

        good = {"document_id": owner.document["id"], "quote": FACT, "page": 2}
        assert code(**{**good, "quote": "Nowhere."}) == "quote_not_found"
        assert code(**{**good, "page": 99}) == "validation_failed"
        assert code(**{**good, "room_id": owner.the_room}) == "validation_failed"
        assert code(document_id=good["document_id"], quote=FACT) == "validation_failed"
        assert code(**{**good, "document_id": str(uuid.uuid4())}) == "document_not_found"
        own = {"document_id": alone["id"], "quote": "My own page.", "page": 1}
        assert code(**own) == "document_not_in_room"
        assert client.ask("highlight_create", **good)["type"] == "ack"


def test_a_room_s_highlights_are_for_those_who_read_there(room, shared_stack):
    owner, ada, bob = room
    document = owner.document
    highlight = marked(ada, document, page=2, room_id=owner.the_room)
    outsider = shared_stack.new_user()
    share(owner, document, user_id=outsider.id)
    assert listed(outsider, document) == []
    assert mark(outsider, document, room_id=owner.the_room).json()["code"] == "not_a_participant"
    assert ids(listed(bob, document)) == [highlight["id"]]
    answer = bob.http.delete(path_of(document, highlight))
    assert (answer.status_code, answer.json()["code"]) == (403, "not_the_author")
    assert bob.http.post("/rooms/leave", json={"room_id": owner.the_room}).status_code == 204
    assert bob.http.get(f"/documents/{document['id']}/highlights").status_code == 404
    assert bob.http.post("/rooms/join", json={"room_id": owner.the_room}).ok
    promote = {"role": "moderator"}
    path = f"/rooms/{owner.the_room}/participants/{bob.id}"
    assert owner.http.patch(path, json=promote).ok
    assert bob.http.delete(path_of(document, highlight)).status_code == 204
    assert listed(ada, document) == []
    told = shared_stack.sql(
        "SELECT actor_id::text, detail ->> 'person', detail ->> 'room' FROM audit_log "
        "WHERE action = 'highlight_removed' AND subject = %s",
        [highlight["id"]],
    )
    assert told == [(bob.id, ada.id, owner.the_room)]


def test_a_share_that_ends_hides_what_was_marked_for_its_room(room):
    owner, ada, bob = room
    document = owner.document
    highlight = marked(ada, document, page=2, room_id=owner.the_room)
    share(owner, document, user_id=bob.id)
    share(owner, document, user_id=ada.id)
    assert ids(listed(bob, document)) == [highlight["id"]]
    path = f"/documents/{document['id']}/permissions"
    gone = owner.http.delete(path, params={"room_id": owner.the_room})
    assert gone.status_code == 204
    assert listed(bob, document) == []
    assert ids(listed(ada, document)) == [highlight["id"]], "its author's all the same"
    assert ada.http.patch(path_of(document, highlight), json={"note": "x"}).status_code == 409
    assert ada.http.patch(path_of(document, highlight), json={"visibility": "private"}).ok
    share(owner, document, room_id=owner.the_room, expires_at=in_seconds(3600))
    assert listed(bob, document) == []


def test_of_a_document_of_many_pages_few_are_opened(shared_stack):
    """A page that cannot be opened stands for all that need not be."""
    user = shared_stack.new_user()
    document = ready(user, pdfs.long_pdf(100), name="long.pdf")
    quote = f"Page 50, line 3: {pdfs.FILLER[(50 * 7 + 3) % len(pdfs.FILLER)]}"
    shared_stack.sql(
        "UPDATE document_pages SET sealed_text = '\\x00' WHERE document_id = %s AND page = 95",
        [document["id"]],
    )
    assert marked(user, document, quote, page=50)["page"] == 50
    assert marked(user, document, quote, page=51)["page"] == 50
    assert mark(user, document, quote, page=3).json()["code"] == "sealed_unreadable"


def test_the_same_key_marks_once(ada):
    key = {"Idempotency-Key": str(uuid.uuid4())}
    path = f"/documents/{ada.document['id']}/highlights"
    body = {"quote": pdfs.FACTS[2][1], "page": 9}
    first, second = (ada.http.post(path, json=body, headers=key) for _ in range(2))
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert ids(listed(ada, ada.document, page=9)) == [first.json()["id"]]
