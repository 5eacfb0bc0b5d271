# SPDX-License-Identifier: Apache-2.0
"""Highlights when their document is replaced: they go where their words stand now; those whose
words are gone are listed as orphans, and come back with a version that has the words again."""

import pytest

import pdfs
from room_client import RoomClient
from stack import wait_until
from test_documents import ready, wait_done
from test_highlights import FACT, SAIL, ids, listed, marked
from test_versions import replaced

LIBRARY = pdfs.FACTS[1][1]
BREAD = "Bread rises because yeast gives off carbon dioxide in the dough."


def replace(user, document, pages):
    """A new version, read, with all highlights looked for in it."""
    replaced(user, document, pdfs.pdf(pages), name="new.pdf")
    done = wait_done(user, document)
    assert done["status"] == "ready", done

    def all_are_there():
        shown = [*listed(user, document), *listed(user, document, orphans="true")]
        return all(item["document_version"] == done["version"] for item in shown)

    wait_until("the highlights are anchored in the new version", all_are_there)


def places(user, document):
    return [(item["page"], item["quote"]) for item in listed(user, document)]


@pytest.fixture
def reader(stoa, new_user):
    user = new_user()
    user.document = ready(user, pdfs.facts_pdf())
    return user


def test_they_move_with_their_words(reader):
    document = reader.document
    first = marked(reader, document, FACT, page=2, note="Caesium")
    second = marked(reader, document, LIBRARY, page=5, color="pink")
    replace(reader, document, [["A new page."], ["Another."], [LIBRARY, "More."], ["So:", FACT]])
    moved = {item["id"]: item for item in listed(reader, document)}
    assert (moved[first["id"]]["page"], moved[second["id"]]["page"]) == (4, 3)
    assert moved[first["id"]]["boxes"] != first["boxes"]
    assert [box["page"] for box in moved[first["id"]]["boxes"]] == [4]
    assert (moved[first["id"]]["note"], moved[second["id"]]["color"]) == ("Caesium", "pink")
    assert moved[first["id"]]["original_quote"] is None
    assert moved[first["id"]]["updated_at"] == first["updated_at"], "nobody changed it"


def test_a_short_phrase_whose_neighbours_changed_is_found(reader):
    document = reader.document
    phrase = "a wing that stands upright"
    marked(reader, document, phrase)
    words = f"Think of {phrase}, and of nothing else."
    replace(reader, document, [["So says the handbook:", words]])
    assert places(reader, document) == [(1, phrase)]


def test_reworded_broken_and_joined_words_are_found(reader):
    document = reader.document
    marked(reader, document, SAIL)
    reworded = "A sail acts like a wing that stands upright in the breeze."
    replace(reader, document, [["Of sails."], [reworded, BREAD]])
    (item,) = listed(reader, document)
    assert (item["page"], item["quote"], item["original_quote"]) == (2, reworded, SAIL)
    replace(reader, document, [["Of sails.", "A sail acts like a wing"], ["that stands up-",
                                "right in the breeze. " + BREAD]])
    (item,) = listed(reader, document)
    assert (item["page"], item["page_end"], item["quote"]) == (1, 2, reworded)
    assert [box["page"] for box in item["boxes"]] == [1, 2, 2]
    assert item["original_quote"] == SAIL


def test_orphans_are_kept_and_come_back(reader):
    document = reader.document
    highlight = marked(reader, document, FACT, page=2, note="Keep me.")
    replace(reader, document, [["Nothing of it is left."]])
    assert listed(reader, document) == []
    (orphan,) = listed(reader, document, orphans="true")
    assert orphan["is_orphan"] and orphan["id"] == highlight["id"]
    assert (orphan["quote"], orphan["page"], orphan["note"]) == (FACT, 2, "Keep me.")
    replace(reader, document, [["A page."], ["Page.", "Page."], [FACT]])
    (item,) = listed(reader, document)
    assert (item["id"], item["page"], item["is_orphan"]) == (highlight["id"], 3, False)
    replace(reader, document, [["Gone again.", "But this is what it meant."]])
    path = f"/documents/{document['id']}/highlights/{highlight['id']}"
    saved = reader.http.patch(path, json={"quote": "what it meant"})
    assert saved.status_code == 200 and not saved.json()["is_orphan"], saved.text
    assert ids(listed(reader, document)) == [highlight["id"]]


def test_the_room_hears_when_they_are_in_their_places(stoa, new_user):
    user = new_user()
    room = user.room()["id"]
    document = ready(user, pdfs.facts_pdf(), room_id=room)
    marked(user, document, FACT, page=2, room_id=room)
    with RoomClient.of(user, room) as client:
        replace(user, document, [["First."], [FACT]])
        told = client.wait_for("highlights_reanchored")["data"]
    assert told == {"document_id": document["id"], "document_version": 2}


def test_a_worker_that_is_killed_loses_none(stoa, new_user):
    user = new_user()
    lines = [f"Line {number} of all says one thing that no other says." for number in range(240)]
    pages = [lines[i : i + 40] for i in range(0, 240, 40)]
    document = ready(user, pdfs.pdf(pages), name="lines.pdf")
    for number, line in enumerate(lines[::3]):
        marked(user, document, line, page=3 * number // 40 + 1)
    replaced(user, document, pdfs.pdf(pages[::-1]), name="new.pdf")
    query = "SELECT status = 'ready' FROM pdf_uploads WHERE id = %s"
    wait_until("the new version is read", lambda: stoa.sql(query, [document["id"]])[0][0])
    stoa.kill_worker()
    stoa.start_worker()
    query = (
        "SELECT count(*) FROM highlights WHERE document_id = %s AND document_version = 2"
        " AND NOT is_orphan"
    )
    count = lambda: stoa.sql(query, [document["id"]])[0][0]
    wait_until("all have their places", lambda: count() == 80)
    items = listed(user, document, limit=100)
    assert [item["page"] for item in items] == sorted(item["page"] for item in items)
    assert all(item["quote"] in pages[6 - item["page"]] for item in items)
