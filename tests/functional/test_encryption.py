# SPDX-License-Identifier: Apache-2.0
"""What people upload and ask does not lie readable anywhere: rare words are uploaded and asked
for, and then a dump of the database, the files of PostgreSQL and Redis and the data folder are
searched for them."""

import io
import pathlib
import random
import subprocess

import pytest
import redis
from reportlab.pdfgen import canvas

from room_client import RoomClient
from stack import Stack, wait_until
from test_ask import answered, events
from test_documents import ready


@pytest.fixture(scope="module")
def stack():
    stack = Stack()
    yield stack
    stack.close()


def dump(stack):
    """As `pg_dump` writes it; bytea is hexadecimal there."""
    program = stack.pg_bin / "pg_dump"
    return subprocess.run(
        [program, "--dbname", stack.database_url], check=True, capture_output=True
    ).stdout


def forms_of(word):
    """A word as text, as an index may fold it, and as a dump shows bytes."""
    plain = word.encode()
    return {plain, plain.lower(), plain.hex().encode(), plain.lower().hex().encode()}


def found_in(content, words):
    return sorted(word for word in words if any(form in content for form in forms_of(word)))


def found_below(folder, words):
    """The words that stand in any file below a folder, each with the file."""
    found = []
    for path in pathlib.Path(folder).rglob("*"):
        if path.is_file() and not path.is_symlink():
            found += [(word, str(path)) for word in found_in(path.read_bytes(), words)]
    return found


def rare():
    return "Zq" + "".join(random.choices("bcdfghjkmnpqrstvwxz", k=12))


def pdf_of(text):
    """Not compressed: what is searched for stands in it as it is."""
    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=(595, 842), pageCompression=0)
    sheet.drawString(72, 770, text)
    sheet.save()
    return out.getvalue()


FORMS = {
    "notes.txt": lambda text: text.encode(),
    "notes.pdf": pdf_of,
    "notes.md": lambda text: f"# {text}\n\n{text}\n".encode(),
    "notes.csv": lambda text: f"colour,thing\n{text.split()[-1]},{text}\nred,rose\n".encode(),
}


@pytest.fixture(scope="module")
def secrets(stack):
    """Every way in which words come in: uploads of several kinds, questions, answers, titles of
    conversations. What stands in a document or a question is a secret."""
    user = stack.new_user()
    words = []
    for name, make in FORMS.items():
        asked, told = rare(), rare()
        words += [asked, told]
        data = make(f"The colour of the {asked} is {told}")
        assert found_in(data, [asked, told])  # so the search would find it
        document = ready(user, data, name=name)
        user.document = document
        answer = answered(user, f"What is the colour of the {asked}?")
        assert told in answer["answer"], (name, answer)
        assert told in events(user, f"What is the colour of the {asked}?")[-1][1]["answer"]
        whole = user.http.get(f"/documents/{document['id']}/file")
        assert whole.content == data
        page = user.http.get(f"/documents/{document['id']}/pages/1").json()
        assert asked in page["text"]
        listed = user.http.get(
            f"/documents/{document['id']}/chat",
            params={"conversation_id": answer["conversation_id"]},
        ).json()["items"]
        assert asked in listed[0]["content"] and told in listed[1]["content"]
    title = rare()
    path = f"/conversations/{answer['conversation_id']}"
    assert user.http.patch(path, json={"title": title}).json()["title"] == title
    words += [title, *asked_aloud(user), *marked(user)]
    user.words = words
    return user


def marked(user):
    """The words of a highlight are the document's; its note is the author's own."""
    room = user.http.post("/rooms/create", json={"name": "B room", "room_type": "private"}).json()
    quote, before, behind, note = (rare() for _ in range(4))
    text = f"First {before} and then {quote} and last {behind}.".encode()
    document = ready(user, text, name="marked.txt", room_id=room["id"])
    path = f"/documents/{document['id']}/highlights"
    for more in ({}, {"room_id": room["id"]}):
        body = {"quote": quote, "prefix": f"First {before}", "note": note, **more}
        highlight = user.http.post(path, json=body)
        assert highlight.status_code == 201, highlight.text
        assert before in highlight.json()["prefix"] and behind in highlight.json()["suffix"]
    log = user.http.get(f"/rooms/{room['id']}/events").text
    assert quote in log and note in log
    return [quote, before, behind, note]


def asked_aloud(user):
    """In a room the answer goes to everyone and stays in its log of events."""
    room = user.http.post("/rooms/create", json={"name": "A room", "room_type": "private"}).json()
    asked, told = rare(), rare()
    text = f"The colour of the {asked} is {told}".encode()
    ready(user, text, name="aloud.txt", room_id=room["id"])
    with RoomClient.of(user, room["id"]) as client:
        client.send("socratic_query", question=f"What is the colour of the {asked}?")
        final = client.wait_for("socratic_response", lambda frame: "seq" in frame, seconds=60)
    assert asked in final["data"]["question"]
    log = user.http.get(f"/rooms/{room['id']}/events").json()["items"]
    assert final in log
    return [asked, told]


def test_a_dump_of_the_database_shows_nothing_of_it(stack, secrets):
    content = dump(stack)
    assert b"conversation_messages" in content and b"notes.txt" in content
    assert found_in(content, secrets.words) == []


def test_no_file_shows_anything_of_it(stack, secrets):
    """Originals and spools, tables, indexes, write-ahead log, temporary files and logs."""
    stack.sql("CHECKPOINT")
    assert len(list((stack.data_dir / "documents").iterdir())) == len(FORMS) + 2
    assert (stack.dir / "postgres" / "data" / "base").is_dir()
    assert found_below(stack.dir, secrets.words) == []


def test_redis_shows_nothing_of_it(stack, secrets):
    with redis.Redis(port=stack.redis_port) as client:
        streamed = wait_until("it is there", lambda: list(client.scan_iter("answer:*:events")))
        assert len(streamed) == len(FORMS)
        content = b"".join(key + (client.dump(key) or b"") for key in client.scan_iter("*"))
    assert found_in(content, secrets.words) == []


def test_words_are_found_by_full_text_though_none_can_be_read(stack, secrets):
    """A lexeme is 6 letters of Base64url, the same wherever its word stands."""
    rows = stack.sql("SELECT DISTINCT unnest(tsvector_to_array(lexemes)) FROM document_chunks")
    assert rows and all(len(word) == 6 for (word,) in rows)


def test_what_one_person_owns_opens_with_no_other_key(stack, secrets):
    """Rows moved to another owner, as someone with the database alone could, stay closed."""
    thief = stack.new_user()
    document = ready(secrets, b"Somebody else's notes about whales.", name="whales.txt")
    mine = ready(thief, b"My own notes about the weather.", name="mine.txt")
    stack.sql(
        "UPDATE document_chunks SET sealed_text = (SELECT sealed_text FROM document_chunks "
        "WHERE document_id = %s LIMIT 1) WHERE document_id = %s",
        (document["id"], mine["id"]),
    )
    stack.sql("UPDATE pdf_uploads SET user_id = %s WHERE id = %s", (thief.id, document["id"]))
    page = thief.http.get(f"/documents/{document['id']}/pages/1")
    assert (page.status_code, page.json()["code"]) == (500, "sealed_unreadable")
    asked = thief.http.post(f"/documents/{mine['id']}/chat", json={"question": "What sings?"})
    assert asked.status_code == 500 and "whales" not in asked.text


def test_another_master_key_is_told_of(stack, secrets):
    url = stack.start_node(env={"STOA_MASTER_KEY": "42" * 32})
    answer = secrets.at(url).http.get(f"/documents/{secrets.document['id']}/pages/1")
    program = stack.nodes[url]
    stack.stop_node(url)
    assert (answer.status_code, answer.json()["code"]) == (500, "master_key_wrong")
    assert "master_key_wrong" in program.tail(200)
