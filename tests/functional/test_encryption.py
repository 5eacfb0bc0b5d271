# SPDX-License-Identifier: Apache-2.0
"""What people upload and ask does not lie readable anywhere: rare words are uploaded and asked
for, and then a dump of the database, the files of PostgreSQL and Redis and the data folder are
searched for them."""

import pathlib
import subprocess
import uuid

import pytest

from stack import Stack
from test_ask import answered
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
    """A word as a text, as lower case (an index may fold it), and as a dump shows bytes."""
    plain = word.encode()
    return {plain, plain.lower(), plain.hex().encode(), plain.lower().hex().encode()}


def files_below(folder):
    return [path for path in pathlib.Path(folder).rglob("*") if path.is_file()]


def found_in(content, words):
    return sorted(word for word in words if any(form in content for form in forms_of(word)))


def test_a_dump_shows_nothing_of_what_was_asked_and_answered(stack):
    asked, told = f"Zq{uuid.uuid4().hex[:10]}", f"Xk{uuid.uuid4().hex[:10]}"
    user = stack.new_user()
    text = f"The colour of the {asked} is {told}.\n\nWhales sing in the sea."
    document = ready(user, text.encode(), name="notes.txt")
    user.document = document
    answer = answered(user, f"What is the colour of the {asked}?")
    assert told in answer["answer"]
    listed = user.http.get(
        f"/documents/{document['id']}/chat",
        params={"conversation_id": answer["conversation_id"]},
    ).json()["items"]
    assert [message["role"] for message in listed] == ["user", "assistant"]
    assert asked in listed[0]["content"] and told in listed[1]["content"]
    assert listed[1]["sources"] == answer["sources"]
    conversations = [
        line
        for table in ("conversations", "conversation_messages")
        for line in stack.sql(f"SELECT * FROM {table}")
    ]
    assert conversations
    assert not found_in(repr(conversations).encode(), [asked, told])
