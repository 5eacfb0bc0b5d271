# SPDX-License-Identifier: Apache-2.0
"""Idempotency-Key: a write that is repeated runs once, on whatever node, and whatever dies."""

import base64
import collections
import signal
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

import pdfs
from stack import wait_until

NEW_ROOM = {"name": "Once", "room_type": "public"}


@pytest.fixture
def user(new_user):
    return new_user()


def keyed(key=None):
    return {"Idempotency-Key": key or str(uuid.uuid4())}


def create(user, headers, **fields):
    return user.http.post("/rooms/create", json={**NEW_ROOM, **fields}, headers=headers)


def rooms_of(stoa, user):
    return stoa.sql("SELECT count(*) FROM study_rooms WHERE creator_id = %s", (user.id,))[0][0]


def code(answer):
    return answer.status_code, answer.json().get("code")


def test_a_repeat_gets_the_first_answer(stoa, user):
    key = keyed()
    first, second = create(user, key), create(user, key)
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert first.headers["Content-Type"] == second.headers["Content-Type"]
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]
    assert rooms_of(stoa, user) == 1
    assert create(user, keyed()).json()["id"] != first.json()["id"]


def test_only_a_stream_is_resumed_in_place_of_being_repeated(stoa, user):
    key = keyed() | {"Last-Event-ID": "7"}
    first, second = create(user, key), create(user, key)
    assert first.content == second.content
    assert rooms_of(stoa, user) == 1


def test_refusals_are_repeated_too(user):
    key = keyed()
    first = create(user, key, name="")
    assert first.status_code == 422
    assert create(user, key, name="").content == first.content


def test_another_request_under_the_key_is_refused(stoa, user):
    key = keyed()
    room = create(user, key).json()
    assert code(create(user, key, name="Twice")) == (409, "idempotency_key_reused")
    other = user.http.patch(f"/rooms/{room['id']}", json=NEW_ROOM, headers=key)
    assert code(other) == (409, "idempotency_key_reused")
    assert rooms_of(stoa, user) == 1


def test_keys_are_each_users_own(new_user, user):
    key = keyed()
    rooms = [create(somebody, key).json()["id"] for somebody in (user, new_user())]
    assert rooms[0] != rooms[1]


@pytest.mark.parametrize("key", ["", "x" * 256, "with\ttab", "snow\u00e9".encode("latin-1")])
def test_a_bad_key_is_refused(stoa, user, key):
    assert code(create(user, {"Idempotency-Key": key})) == (400, "idempotency_key_invalid")
    assert rooms_of(stoa, user) == 0


def test_deletes_answer_again(stoa, user):
    room, key = create(user, keyed()).json(), keyed()
    answers = [user.http.delete(f"/rooms/{room['id']}", headers=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [204, 204]


def test_uploads_compare_what_was_uploaded(stoa, user):
    def upload(key, content):
        files = {"file": ("facts.pdf", content, "application/pdf")}
        return user.http.post("/documents/upload", files=files, headers=key)

    key, content = keyed(), pdfs.facts_pdf()
    first = upload(key, content)
    assert first.status_code == 202, first.text
    # requests draws another boundary each time.
    assert upload(key, content).json() == first.json()
    assert code(upload(key, content + b"\n")) == (409, "idempotency_key_reused")
    owned = stoa.sql("SELECT count(*) FROM pdf_uploads WHERE user_id = %s", (user.id,))
    assert owned == [(1,)]


def test_resumable_uploads_compare_what_is_announced(user):
    def announce(key, size, name=b"facts.pdf"):
        metadata = f"filename {base64.b64encode(name).decode()}"
        tus = {"Tus-Resumable": "1.0.0", "Upload-Length": str(size), "Upload-Metadata": metadata}
        return user.http.post("/documents/uploads", headers=key | tus)

    key = keyed()
    first = announce(key, 10)
    assert first.status_code == 201, first.text
    assert announce(key, 10).headers["Location"] == first.headers["Location"]
    assert code(announce(key, 11)) == (409, "idempotency_key_reused")
    assert code(announce(key, 10, b"other.pdf")) == (409, "idempotency_key_reused")


def test_fifty_at_once_over_two_nodes_make_one_room(stoa, user):
    other = stoa.start_node()
    key = keyed()
    people = [user.at(url) for url in (stoa.url, other) for _ in range(25)]

    def persist(person):
        """As a client does: asks again while it is told to."""
        seen = []

        def done():
            seen.append(create(person, key))
            if seen[-1].status_code != 409:
                return True
            assert code(seen[-1]) == (409, "idempotency_key_in_progress")
            assert int(seen[-1].headers["Retry-After"]) >= 1
            return False

        wait_until("an answer that counts", done, 30)
        return seen[-1]

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(persist, people))
    assert collections.Counter(answer.status_code for answer in answers) == {201: 50}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1
    assert rooms_of(stoa, user) == 1
    stoa.stop_node(other)


def test_a_node_that_dies_in_the_middle_frees_the_key(stoa, user):
    dying = stoa.start_node()
    key = keyed()
    with psycopg.connect(stoa.database_url) as blocker:
        blocker.execute("LOCK TABLE study_rooms IN SHARE ROW EXCLUSIVE MODE")

        def ask_and_lose():
            with pytest.raises(OSError):
                create(user.at(dying), key)

        asking = threading.Thread(target=ask_and_lose)
        asking.start()
        held = "SELECT answer IS NULL FROM idempotency_keys WHERE user_id = %s"
        wait_until("the key is held", lambda: stoa.sql(held, (user.id,)) == [(True,)])
        assert code(create(user, key)) == (409, "idempotency_key_in_progress")
        stoa.stop_node(dying, signal.SIGKILL)
        asking.join()
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        wait_until("the dead node's statement is ended", lambda: stoa.sql(waiting) == [(0,)])
        assert code(create(user, key)) == (409, "idempotency_key_in_progress")
    wait_until("the key is free", lambda: create(user, key).status_code == 201, 60, 0.5)
    assert create(user, key).headers["Idempotent-Replayed"] == "true"
    assert rooms_of(stoa, user) == 1


@pytest.fixture
def no_answer_is_kept(stoa):
    """Whoever keeps an answer waits; what was done is committed then."""
    stoa.sql("""
        CREATE FUNCTION wait_for_test() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NEW; END';
        CREATE TRIGGER wait_for_test BEFORE UPDATE OF answer ON idempotency_keys
        FOR EACH ROW EXECUTE FUNCTION wait_for_test()""")
    with psycopg.connect(stoa.database_url) as blocker:
        blocker.execute("SELECT pg_advisory_lock(42)")
        yield
    stoa.sql("DROP TRIGGER wait_for_test ON idempotency_keys; DROP FUNCTION wait_for_test")


def test_what_a_node_did_before_it_died_is_not_done_again(stoa, user, no_answer_is_kept):
    dying = stoa.start_node()
    key = keyed()

    def ask_and_lose():
        with pytest.raises(OSError):
            create(user.at(dying), key)

    asking = threading.Thread(target=ask_and_lose)
    asking.start()
    wait_until("it is done", lambda: rooms_of(stoa, user) == 1)
    stoa.stop_node(dying, signal.SIGKILL)
    asking.join()
    unknown = (409, "idempotency_outcome_unknown")
    wait_until("the lease lapses", lambda: code(create(user, key)) == unknown, 60, 0.5)
    assert rooms_of(stoa, user) == 1


def test_postgres_dies_in_mid_commit_and_nothing_is_done_twice(stoa, user):
    is_over = threading.Event()
    unknown = (409, "idempotency_outcome_unknown")

    def persist(person, key):
        """As a client does: asks again until it knows, or is told that nobody does."""

        def ended():
            answer = create(person, {"Idempotency-Key": key}, name=key)
            return answer.status_code == 201 or code(answer) == unknown

        wait_until("an answer that counts", ended, 90, 0.2)
        return key

    def write():
        person, done = user.at(stoa.url), []
        while not is_over.is_set():
            done.append(persist(person, str(uuid.uuid4())))
        return done

    with ThreadPoolExecutor(8) as pool:
        writers = [pool.submit(write) for _ in range(8)]
        for _ in range(3):
            before = rooms_of(stoa, user)
            wait_until("rooms are made", lambda: rooms_of(stoa, user) > before + 20)
            stoa.kill_postgres()
            stoa.start_postgres()
        is_over.set()
        keys = [key for writer in writers for key in writer.result()]
    made = stoa.sql("SELECT name FROM study_rooms WHERE creator_id = %s", (user.id,))
    assert collections.Counter(name for (name,) in made) == dict.fromkeys(keys, 1)


def test_a_failure_of_ours_is_not_kept(stoa, user):
    key = keyed()
    stoa.sql("ALTER TABLE study_rooms ADD CONSTRAINT no_bad_day CHECK (name <> 'Bad day')")
    try:
        assert create(user, key, name="Bad day").status_code == 500
    finally:
        stoa.sql("ALTER TABLE study_rooms DROP CONSTRAINT no_bad_day")
    assert create(user, key, name="Bad day").status_code == 201


def test_what_is_kept_is_sealed_and_forgotten_after_a_day(stoa, user):
    key = keyed("a secret word")
    first = create(user, key, name="Canary room")
    row = stoa.sql("SELECT key_sha256, answer FROM idempotency_keys WHERE user_id = %s", (user.id,))
    assert b"Canary" not in row[0][1] and b"secret" not in row[0][0]
    stoa.sql(
        "UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE user_id = %s",
        (user.id,),
    )
    assert create(user, key, name="Canary room").json()["id"] != first.json()["id"]
    stoa.sql(
        "UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE user_id = %s",
        (user.id,),
    )
    stoa.sql("DELETE FROM periodic_jobs WHERE name = 'purge idempotency keys'")  # due again
    left = "SELECT count(*) FROM idempotency_keys WHERE user_id = %s"
    wait_until("it is purged", lambda: stoa.sql(left, (user.id,)) == [(0,)])


def test_tokens_are_never_kept(stoa, user):
    key = keyed()
    tickets = [user.http.post("/auth/ws-ticket", headers=key).json()["ticket"] for _ in range(2)]
    assert tickets[0] != tickets[1]
    assert stoa.sql("SELECT * FROM idempotency_keys WHERE user_id = %s", (user.id,)) == []
