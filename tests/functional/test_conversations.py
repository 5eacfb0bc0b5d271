# SPDX-License-Identifier: Apache-2.0
"""One's own conversations: listed, read, renamed, deleted and exported by their asker alone, and
read only while what they quote may be read."""

import pytest

import pdfs
from test_ask import answered
from test_documents import ready

QUESTIONS = [question for _, _, question, *_ in pdfs.FACTS][:3]


@pytest.fixture(scope="module")
def asker(shared_stack):
    shared_stack.heal()
    user = shared_stack.new_user()
    user.document = ready(user, pdfs.facts_pdf(), name="facts.pdf")
    return user


def begin(user, question=QUESTIONS[0], **more):
    return answered(user, question, **more)["conversation_id"]


def get(user, path, **params):
    answer = user.http.get(f"/conversations{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer


def test_they_are_listed_the_last_used_first_page_by_page(asker):
    first, second, third = begin(asker), begin(asker), begin(asker)
    begin(asker, QUESTIONS[1], conversation_id=first)
    listed, cursor = [], None
    while True:
        page = get(asker, "", limit=2, **({"cursor": cursor} if cursor else {})).json()
        assert len(page["items"]) <= 2
        listed += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert listed[:3] == [first, third, second]
    assert len(listed) == len(set(listed))


def test_a_deleted_place_in_the_list_loses_nothing_behind_it(asker):
    older, newer = begin(asker), begin(asker)
    page = get(asker, "", limit=1).json()
    assert page["items"][0]["id"] == newer
    assert asker.http.delete(f"/conversations/{newer}").status_code == 204
    assert get(asker, "", limit=1, cursor=page["next_cursor"]).json()["items"][0]["id"] == older


@pytest.mark.parametrize("cursor", ["x", "_", "2026-01-01T00:00:00Z_x", "1_" + "0" * 36])
def test_a_wrong_cursor_is_told_of(asker, cursor):
    answer = asker.http.get("/conversations", params={"cursor": cursor})
    assert answer.status_code == 422 and answer.json()["errors"][0]["loc"] == ["query", "cursor"]


def test_a_new_name_stays_and_moves_nothing(asker):
    older, newer = begin(asker), begin(asker)
    path = f"/conversations/{older}"
    renamed = asker.http.patch(path, json={"title": "Metals\nthat melt"})
    assert renamed.status_code == 200 and renamed.json()["title"] == "Metals\nthat melt"
    assert get(asker, f"/{older}").json() == renamed.json()
    assert get(asker, "", limit=1).json()["items"][0]["id"] == newer
    for title in ("", "x" * 121, None):
        assert asker.http.patch(path, json={"title": title}).status_code == 422


def test_what_is_deleted_is_gone_with_its_messages(shared_stack, asker):
    conversation = begin(asker)
    rows = "SELECT count(*) FROM conversation_messages WHERE conversation_id = %s"
    assert shared_stack.sql(rows, (conversation,)) == [(2,)]
    assert asker.http.delete(f"/conversations/{conversation}").status_code == 204
    assert shared_stack.sql(rows, (conversation,)) == [(0,)]
    for answer in (
        asker.http.get(f"/conversations/{conversation}"),
        asker.http.get(f"/conversations/{conversation}/messages"),
        asker.http.delete(f"/conversations/{conversation}"),
        asker.http.post(
            f"/documents/{asker.document['id']}/chat",
            json={"question": QUESTIONS[0], "conversation_id": conversation},
        ),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "conversation_not_found")


def test_an_export_has_all_that_was_said(asker):
    conversation = begin(asker)
    for question in QUESTIONS[1:]:
        begin(asker, question, conversation_id=conversation)
    messages = get(asker, f"/{conversation}/messages").json()["items"]
    assert [m["role"] for m in messages] == ["user", "assistant"] * 3
    exported = get(asker, f"/{conversation}/export")
    assert exported.json()["messages"] == messages
    assert exported.json()["conversation"] == get(asker, f"/{conversation}").json()
    assert f"conversation-{conversation}.json" in exported.headers["Content-Disposition"]

    text = get(asker, f"/{conversation}/export", format="markdown")
    assert text.headers["Content-Type"].startswith("text/markdown")
    for message in messages:
        assert message["content"] in text.text
        for source in message["sources"]:
            assert f"page {source['page']}: “{source['quote']}”" in text.text
    wrong = asker.http.get(f"/conversations/{conversation}/export", params={"format": "pdf"})
    assert wrong.status_code == 422


def test_a_long_one_is_exported_whole(asker):
    """More messages than are read at once."""
    conversation = begin(asker)
    for _ in range(50):
        begin(asker, conversation_id=conversation)
    exported = get(asker, f"/{conversation}/export").json()["messages"]
    assert len(exported) == 102
    assert [m["role"] for m in exported] == ["user", "assistant"] * 51
    assert len({m["id"] for m in exported}) == 102


def test_it_is_read_only_while_its_document_may_be(shared_stack, asker):
    guest = shared_stack.new_user()
    grant = {"document_id": asker.document["id"], "user_id": guest.id, "permission_type": "read"}
    assert asker.http.post("/documents/share", json=grant).ok
    guest.document = asker.document
    conversation = begin(guest)
    assert get(guest, f"/{conversation}/messages").json()["items"]
    taken = asker.http.delete(
        f"/documents/{asker.document['id']}/permissions", params={"user_id": guest.id}
    )
    assert taken.status_code == 204
    for part in ("messages", "export"):
        answer = guest.http.get(f"/conversations/{conversation}/{part}")
        assert (answer.status_code, answer.json()["code"]) == (404, "document_not_found")
    assert [c["id"] for c in get(guest, "").json()["items"]] == [conversation]
    assert guest.http.delete(f"/conversations/{conversation}").status_code == 204


@pytest.fixture
def room_asker(shared_stack, asker):
    """Somebody who has asked in a room about two documents, of which one is shared no more."""
    user = shared_stack.new_user()
    user.the_room, user.owner = asker.room(), asker
    user.path = f"/rooms/{user.the_room['id']}/ask"
    user.ending = {"document_id": asker.document["id"], "room_id": user.the_room["id"]}
    share = user.ending | {"permission_type": "read"}
    assert asker.http.post("/documents/share", json=share).ok
    rock = f"Basalt is a dark rock. Said by {user.id}.\n".encode()
    ready(asker, rock, name="basalt.txt", room_id=user.the_room["id"])
    assert user.http.post("/rooms/join", json={"room_id": user.the_room["id"]}).ok
    return user


def end_share(user):
    path = f"/documents/{user.ending['document_id']}/permissions"
    room = {"room_id": user.ending["room_id"]}
    assert user.owner.http.delete(path, params=room).status_code == 204


def test_of_a_rooms_conversation_what_is_shared_no_more_is_withheld(room_asker):
    user = room_asker
    first = answered(user, QUESTIONS[0], user.path)
    assert pdfs.FACTS[0][3] in first["answer"]
    conversation = first["conversation_id"]
    end_share(user)
    later = answered(user, "What is basalt?", user.path, conversation_id=conversation)
    assert "dark rock" in later["answer"]
    asked, withheld, _, told = get(user, f"/{conversation}/messages").json()["items"]
    assert (asked["content"], asked["is_withheld"]) == (QUESTIONS[0], False)
    assert withheld["is_withheld"] and withheld["id"] == first["message_id"]
    assert (withheld["content"], withheld["sources"], withheld["computation"]) == ("", [], None)
    assert (withheld["follow_up_questions"], withheld["unverified_sentences"]) == ([], [])
    assert (told["content"], told["is_withheld"]) == (later["answer"], False)
    exported = get(user, f"/{conversation}/export").text
    shown = get(user, f"/{conversation}/export", format="markdown").text
    for text in (exported, shown):
        assert pdfs.FACTS[0][3] not in text and "dark rock" in text
    assert "The answer is withheld" in shown
    assert [c["id"] for c in get(user, "").json()["items"]] == [conversation]
    url = f"/conversations/{conversation}/answers/{first['message_id']}"
    again = user.http.get(url, headers={"Accept": "text/event-stream"})
    assert (again.status_code, again.json()["code"]) == (403, "access_expired")
    share = user.ending | {"permission_type": "read"}
    assert user.owner.http.post("/documents/share", json=share).ok
    back = get(user, f"/{conversation}/messages").json()["items"][1]
    assert (back["content"], back["is_withheld"]) == (first["answer"], False)


def test_an_answer_that_quotes_nothing_is_withheld_with_what_it_was_made_from(room_asker):
    user = room_asker
    conversation = answered(user, "Who invented zippers?", user.path)["conversation_id"]
    end_share(user)
    withheld = get(user, f"/{conversation}/messages").json()["items"][1]
    assert withheld["is_withheld"] and withheld["content"] == ""
