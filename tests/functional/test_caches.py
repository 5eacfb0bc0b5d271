# SPDX-License-Identifier: Apache-2.0
"""What nodes keep in memory: a change made on one node holds on another within a second, with
Redis and without, however eagerly the other one asked before."""

import datetime
import threading
import time

import pytest
import requests

import pdfs
from stack import wait_until
from test_documents import ready as ready_document

BOUND = 1.0  # seconds


@pytest.fixture(scope="module")
def other_node(shared_stack):
    url = shared_stack.start_node()
    yield url
    shared_stack.stop_node(url)


@pytest.fixture(params=["with Redis", "without Redis"])
def redis_is(request, stoa):
    """Taken away by the test itself, once everything is prepared."""

    def leave():
        if request.param == "without Redis":
            stoa.stop_redis()

    return leave


@pytest.fixture
def keeps(other_node):
    """Checks that the other node did answer from memory."""

    def hits(cache):
        text = requests.get(other_node + "/metrics", timeout=10).text
        line = f'stoa_cache_lookups_total{{cache="{cache}",result="hit"}} '
        return sum(float(l.split()[-1]) for l in text.splitlines() if l.startswith(line))

    caches = ("sessions", "profiles", "members", "rooms", "document_access")
    before = {cache: hits(cache) for cache in caches}
    return lambda cache: hits(cache) > before[cache]


class Watch:
    """Asks all the time, so that whatever can be kept is kept."""

    def __init__(self, ask):
        self.ask = ask
        self.seen = []  # (when it was asked, the answer)
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        while not self.ending.is_set():
            asked_at = time.monotonic()
            self.seen.append((asked_at, self.ask()))
            time.sleep(0.01)

    def holds_within_bound(self, before, change, after):
        """`change` turns the answer from `before` to `after`: nobody who asks later than the bound
        hears the old one."""
        try:
            wait_until("it is asked", lambda: len(self.seen) > 5)
            assert {answer for _, answer in self.seen} == {before}
            change()
            changed_at = time.monotonic()
            wait_until("the new answer", lambda: self.seen[-1][1] == after, 20)
            settled = changed_at + BOUND
            wait_until("it stays", lambda: self.seen[-1][0] > settled + 0.5, 20)
        finally:
            self.ending.set()
            self.thread.join(30)
        assert {answer for asked_at, answer in self.seen if asked_at > settled} == {after}


def done(answer):
    assert answer.ok, answer.text


def test_a_revoked_session(new_user, other_node, redis_is, keeps):
    user = new_user()
    there = user.at(other_node)
    watch = Watch(lambda: there.http.get("/users/profile").status_code)
    redis_is()
    watch.holds_within_bound(
        200, lambda: done(user.http.post("/auth/wallet/disconnect", json={})), 401
    )
    assert keeps("sessions")


def test_a_profile(new_user, other_node, redis_is, keeps):
    user = new_user()
    reader = new_user().at(other_node)
    done(user.http.patch("/users/profile", json={"name": "Old"}))
    time.sleep(BOUND)
    watch = Watch(lambda: reader.http.get(f"/users/{user.id}").json()["name"])
    redis_is()
    watch.holds_within_bound(
        "Old", lambda: done(user.http.patch("/users/profile", json={"name": "New"})), "New"
    )
    assert keeps("profiles")


@pytest.fixture
def room(new_user):
    """Ada's room with Bob in it."""
    ada, bob = new_user(), new_user()
    room = ada.room()["id"]
    done(bob.http.post("/rooms/join", json={"room_id": room}))
    return ada, bob, room


def test_a_ban(room, other_node, redis_is, keeps):
    ada, bob, room = room
    there = bob.at(other_node)
    watch = Watch(lambda: there.http.get(f"/rooms/{room}/participants").status_code)
    redis_is()
    ban = {"is_banned": True}
    watch.holds_within_bound(
        200,
        lambda: done(ada.http.patch(f"/rooms/{room}/participants/{bob.id}", json=ban)),
        403,
    )
    assert keeps("members")


def test_a_role(room, other_node, redis_is, keeps):
    ada, bob, room = room
    path = f"/rooms/{room}/participants/{bob.id}"
    done(ada.http.patch(path, json={"role": "moderator"}))
    there = bob.at(other_node)
    wait_until("he may invite", lambda: there.http.post(f"/rooms/{room}/invites", json={}).ok)
    watch = Watch(lambda: there.http.post(f"/rooms/{room}/invites", json={}).ok)
    redis_is()
    watch.holds_within_bound(
        True, lambda: done(ada.http.patch(path, json={"role": "member"})), False
    )
    assert keeps("members")


def test_a_closed_room(room, other_node, redis_is, keeps):
    ada, bob, room = room
    there = bob.at(other_node)
    watch = Watch(lambda: there.http.get(f"/rooms/{room}/participants").status_code)
    redis_is()
    watch.holds_within_bound(200, lambda: done(ada.http.delete(f"/rooms/{room}")), 404)
    assert keeps("members")


@pytest.mark.parametrize("seen", ["name", "participant_count"])
def test_what_a_room_is(room, new_user, other_node, redis_is, keeps, seen):
    ada, bob, room = room
    there = bob.at(other_node)
    changes = {
        "name": lambda: ada.http.patch(f"/rooms/{room}", json={"name": "New"}),
        "participant_count": lambda: carol.http.post("/rooms/join", json={"room_id": room}),
    }
    before, after = {"name": ("Test room", "New"), "participant_count": (2, 3)}[seen]
    carol = new_user()
    watch = Watch(lambda: there.http.get(f"/rooms/{room}").json()[seen])
    redis_is()
    watch.holds_within_bound(before, lambda: done(changes[seen]()), after)
    assert keeps("rooms")


@pytest.fixture
def document(room):
    """What Ada shares with Bob: the first page's path, and how she does it again."""
    ada, bob, room = room
    document = ready_document(ada, pdfs.facts_pdf())["id"]

    def share(**fields):
        fields = {"permission_type": "read", **fields}
        done(ada.http.put(f"/documents/{document}/permissions", json=fields))

    return f"/documents/{document}", share


def page_seen_by(user, node, document):
    return Watch(lambda: user.at(node).http.get(document + "/pages/1").status_code)


def test_a_lost_share(room, document, other_node, redis_is, keeps):
    ada, bob, _ = room
    path, share = document
    share(user_id=bob.id)
    watch = page_seen_by(bob, other_node, path)
    redis_is()
    lost = path + f"/permissions?user_id={bob.id}"
    watch.holds_within_bound(200, lambda: done(ada.http.delete(lost)), 404)
    assert keeps("document_access")


def test_a_share_with_a_room_ends_with_the_place_in_it(
    room, document, other_node, redis_is, keeps
):
    ada, bob, room = room
    path, share = document
    share(room_id=room)
    watch = page_seen_by(bob, other_node, path)
    redis_is()
    kick = f"/rooms/{room}/participants/{bob.id}"
    watch.holds_within_bound(200, lambda: done(ada.http.delete(kick)), 404)
    assert keeps("document_access")


@pytest.mark.parametrize("end", ["unpublished", "deleted"])
def test_a_document_that_is_no_longer_public(room, document, other_node, redis_is, keeps, end):
    ada, bob, _ = room
    path, _ = document
    done(ada.http.patch(path, json={"is_public": True}))
    watch = page_seen_by(bob, other_node, path)
    redis_is()
    ends = {
        "unpublished": lambda: ada.http.patch(path, json={"is_public": False}),
        "deleted": lambda: ada.http.delete(path),
    }
    watch.holds_within_bound(200, lambda: done(ends[end]()), 404)
    assert keeps("document_access")


@pytest.mark.parametrize("redis_is_there", [True, False])
def test_whoever_changes_something_sees_it_at_once(stoa, room, document, redis_is_there):
    """On the node that did it no age is waited for, with Redis or without."""
    ada, bob, room = room
    path, share = document
    if not redis_is_there:
        stoa.stop_redis()

    def turns(ask, before, change, after):
        assert ask() == before  # and is kept
        done(change())
        assert ask() == after

    def page():
        return bob.http.get(path + "/pages/1").status_code

    def room_now(field):
        return lambda: bob.http.get(f"/rooms/{room}").json()[field]

    place = f"/rooms/{room}/participants/{bob.id}"
    join = {"room_id": room}
    published = {"is_public": True}
    by_name = {"user_id": bob.id, "permission_type": "read"}
    turns(page, 404, lambda: ada.http.put(path + "/permissions", json=by_name), 200)
    lost = path + f"/permissions?user_id={bob.id}"
    turns(page, 200, lambda: ada.http.delete(lost), 404)
    share(room_id=room)
    turns(page, 200, lambda: ada.http.delete(place), 404)
    turns(room_now("participant_count"), 1, lambda: bob.http.post("/rooms/join", json=join), 2)
    turns(page, 200, lambda: ada.http.patch(place, json={"is_banned": True}), 404)
    turns(page, 404, lambda: ada.http.patch(path, json=published), 200)
    turns(page, 200, lambda: ada.http.patch(path, json={"is_public": False}), 404)
    name = {"name": "New"}
    turns(room_now("name"), "Test room", lambda: ada.http.patch(f"/rooms/{room}", json=name), "New")
    people = f"/rooms/{room}/participants"
    ada.http.patch(place, json={"is_banned": False})
    done(bob.http.post("/rooms/join", json=join))
    turns(
        lambda: bob.http.get(people).status_code,
        200,
        lambda: ada.http.patch(place, json={"is_banned": True}),
        403,
    )
    turns(
        lambda: bob.http.get(f"/users/{ada.id}").json()["name"],
        None,
        lambda: ada.http.patch("/users/profile", json=name),
        "New",
    )
    turns(
        lambda: bob.http.get("/users/profile").status_code,
        200,
        lambda: bob.http.post("/auth/wallet/disconnect", json={}),
        401,
    )


def test_a_share_ends_at_its_very_time(room, document, other_node, keeps):
    _, bob, _ = room
    path, share = document
    ends_at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)
    ends_at_here = time.monotonic() + 3  # a moment later
    share(user_id=bob.id, expires_at=ends_at.isoformat().replace("+00:00", "Z"))
    watch = page_seen_by(bob, other_node, path)

    def is_past():
        return any(asked_at > ends_at_here for asked_at, _ in watch.seen)

    try:
        wait_until("it was asked for after the end", is_past, 20)
    finally:
        watch.ending.set()
        watch.thread.join(30)
    assert keeps("document_access")
    assert watch.seen[0][1] == 200
    assert {answer for asked_at, answer in watch.seen if asked_at > ends_at_here} == {404}
