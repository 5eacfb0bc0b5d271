# SPDX-License-Identifier: Apache-2.0
"""Who may do what: every route of the program, with every kind of person, cell by cell. The room is
private; the document is the member's and shared with the room to read. A route that is not in the
table fails the last test."""

import uuid

import pytest
import requests

from room_client import RoomClient
from stack import wait_until

WHO = ("anonymous", "stranger", "member", "moderator", "owner", "banned", "admin")

# One status for each of WHO. 404 where one may not know that there is such a thing. The admin is
# one of the platform's: no more than a stranger in a private room.
ANYONE = "200 200 200 200 200 200 200"
SIGNED_IN = "401 200 200 200 200 200 200"
IN_ROOM = "401 404 200 200 200 403 404"
MODERATORS = "401 404 403 200 200 403 404"
OWNER = "401 404 403 403 200 403 404"
READERS = "401 404 200 200 200 404 404"  # of the document: a ban from the room takes it away
ITS_OWNER = "401 404 200 403 403 404 404"  # the document's: "member"
API = "/api/v1"
ROOM, MESSAGE = API + "/rooms/{room_id}", API + "/rooms/{room_id}/messages/{message_id}"
DOCUMENT = API + "/documents/{doc_id}"
HIGHLIGHTS = DOCUMENT + "/highlights"
CONVERSATION = API + "/conversations/{conversation_id}"
UPLOAD = API + "/documents/uploads/{upload_id}"
ASKER = "401 404 200 404 404 404 404"  # the conversation's or upload's: "member"
BEGIN = {"Upload-Length": "3", "Upload-Metadata": "filename bm90ZXMudHh0"}
APPEND = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
QUESTION = {"question": "What is a lease?"}


def created(statuses):
    return statuses.replace("200", "201")


def no_content(statuses):
    return statuses.replace("200", "204")


def challenge_only(statuses):
    """Who signs nothing is nobody, whoever they are."""
    return statuses.replace("200", "401")


PROOF = {"address": "1" * 32, "signed_message": "aGVsbG8=", "signature": "1" * 64}
TABLE = {
    f"POST {API}/auth/siws/challenge": ({}, ANYONE),
    f"POST {API}/auth/wallet/connect": ({"address": "{wallet}"}, ANYONE),
    f"POST {API}/auth/wallet/verify": (PROOF, challenge_only(ANYONE)),
    f"POST {API}/auth/wallet/disconnect": (None, None),  # ends the session: test_accounts.py
    f"POST {API}/auth/refresh": ({"refresh_token": "x"}, challenge_only(ANYONE)),
    f"GET {API}/auth/sessions": (None, SIGNED_IN),
    f"DELETE {API}/auth/sessions/{{session_id}}": (None, "401 404 204 404 404 404 404"),
    f"POST {API}/auth/ws-ticket": (None, SIGNED_IN),
    "GET /.well-known/jwks.json": (None, ANYONE),
    f"GET {API}/users/profile": (None, SIGNED_IN),
    f"PATCH {API}/users/profile": ({"bio": "Reads."}, SIGNED_IN),
    f"GET {API}/users/{{user_id}}": (None, SIGNED_IN),
    f"GET {API}/admin/audit": (None, "401 403 403 403 403 403 200"),
    f"PATCH {API}/admin/users/{{user_id}}": ({"role": "user"}, "401 403 403 403 403 403 200"),
    f"POST {API}/rooms/create": ({"name": "R", "room_type": "public"}, created(SIGNED_IN)),
    f"POST {API}/rooms/join": ({"room_id": "{room_id}"}, "401 404 200 200 200 403 404"),
    f"POST {API}/rooms/leave": ({"room_id": "{room_id}"}, no_content(IN_ROOM)),
    f"GET {API}/rooms/list": (None, SIGNED_IN),
    f"GET {ROOM}": (None, "401 404 200 200 200 404 404"),
    f"PATCH {ROOM}": ({"name": "Other"}, OWNER),
    f"DELETE {ROOM}": (None, no_content(OWNER)),
    f"GET {ROOM}/participants": (None, IN_ROOM),
    f"PATCH {ROOM}/participants/{{user_id}}": ({"is_banned": True}, MODERATORS),
    f"DELETE {ROOM}/participants/{{user_id}}": (None, no_content(MODERATORS)),
    f"POST {ROOM}/invites": ({}, created(MODERATORS)),
    f"GET {ROOM}/events": (None, IN_ROOM),
    f"GET {ROOM}/messages": (None, IN_ROOM),
    f"POST {ROOM}/messages": ({"content": "Hi", "client_msg_id": "{new}"}, created(IN_ROOM)),
    f"PATCH {MESSAGE}": ({"content": "Ho"}, ITS_OWNER.replace("403 403 404", "403 403 403")),
    f"DELETE {MESSAGE}": (None, no_content(IN_ROOM)),  # the member wrote it
    f"PUT {MESSAGE}/pin": (None, MODERATORS),
    f"DELETE {MESSAGE}/pin": (None, MODERATORS),
    f"PUT {MESSAGE}/reactions/{{emoji}}": (None, IN_ROOM),
    f"DELETE {MESSAGE}/reactions/{{emoji}}": (None, IN_ROOM),
    f"POST {API}/documents/upload": ("file", "401 202 202 202 202 202 202"),
    f"GET {API}/documents/library": (None, SIGNED_IN),
    f"GET {API}/documents/usage": (None, SIGNED_IN),
    f"POST {API}/documents/uploads": ("begin", created(SIGNED_IN)),
    f"GET {API}/documents/uploads": (None, SIGNED_IN),
    f"GET {UPLOAD}": (None, ASKER),
    f"PATCH {UPLOAD}": ("bytes", no_content(ASKER)),
    f"DELETE {UPLOAD}": (None, no_content(ASKER)),
    f"POST {UPLOAD}/finish": (None, ASKER.replace("200", "409")),  # nothing has come
    f"POST {API}/documents/share": (
        {"document_id": "{doc_id}", "room_id": "{room_id}", "permission_type": "read"},
        ITS_OWNER,
    ),
    f"GET {DOCUMENT}": (None, READERS),
    f"PATCH {DOCUMENT}": ({"title": "Other"}, ITS_OWNER),
    f"DELETE {DOCUMENT}": (None, no_content(ITS_OWNER)),
    f"GET {DOCUMENT}/file": (None, READERS),
    f"PUT {DOCUMENT}/file": ("file", ITS_OWNER.replace("200", "202")),
    f"GET {DOCUMENT}/pages/{{page}}": (None, READERS),
    f"GET {DOCUMENT}/profile": (None, READERS.replace("200", "404")),  # it is no table
    f"POST {DOCUMENT}/query": (QUESTION, READERS.replace("200", "404")),
    f"GET {DOCUMENT}/permissions": (None, ITS_OWNER),
    f"PUT {DOCUMENT}/permissions": (
        {"room_id": "{room_id}", "permission_type": "write"},
        ITS_OWNER,
    ),
    f"DELETE {DOCUMENT}/permissions?room_id={{room_id}}": (None, no_content(ITS_OWNER)),
    f"GET {ROOM}/documents": (None, IN_ROOM),
    f"GET {HIGHLIGHTS}": (None, READERS),
    f"POST {HIGHLIGHTS}": ({"quote": "A lease lapses."}, created(READERS)),
    # The member's, for the room: a moderator may take it away, nobody may change it.
    f"PATCH {HIGHLIGHTS}/{{highlight_id}}": ({"note": "So?"}, "401 404 200 403 403 404 404"),
    f"DELETE {HIGHLIGHTS}/{{highlight_id}}": (None, no_content(READERS)),
    f"POST {DOCUMENT}/chat": (QUESTION, READERS),
    f"GET {API}/conversations": (None, SIGNED_IN),
    f"GET {CONVERSATION}": (None, ASKER),
    f"PATCH {CONVERSATION}": ({"title": "Leases"}, ASKER),
    f"DELETE {CONVERSATION}": (None, no_content(ASKER)),
    f"GET {CONVERSATION}/messages": (None, ASKER),
    f"GET {CONVERSATION}/export": (None, ASKER),
    f"GET {CONVERSATION}/answers/{{message_id}}": (None, ASKER),
    f"DELETE {CONVERSATION}/answers/{{message_id}}": (None, ASKER.replace("200", "409")),
    f"GET {DOCUMENT}/chat": (None, "401 404 200 200 200 404 404"),
    f"POST {ROOM}/ask": (QUESTION, IN_ROOM),
}
NEED_THE_TEXT = ("/pages/", "/chat", "/ask", "/highlights")
SOCKETS = ("GET /ws/rooms/{room_id}", f"GET {API}/websocket/rooms/{{room_id}}")
PAGES = "/healthz /readyz /metrics /version / /index.js /stoa.css /docs /redoc /docs.js"
TABLE |= {f"GET {path}": (None, ANYONE) for path in PAGES.split()}
TABLE |= {"GET /docs/errors": (None, ANYONE), "GET /openapi.json": (None, ANYONE)}


@pytest.fixture(scope="module")
def people(shared_stack):
    shared_stack.heal()
    people = {who: shared_stack.new_user() for who in WHO if who != "anonymous"}
    shared_stack.run("users", "set-role", people["admin"].address, "admin")
    yield people
    shared_stack.sql("UPDATE users SET role = 'user' WHERE id = %s", [people["admin"].id])


class Place:
    """A private room with its people and a message of the member's, and the member's document,
    made as far as a route needs them."""

    def __init__(self, stoa, people, row):
        self.people = people
        member = people["member"]
        self.names = {"user_id": member.id, "emoji": "👍", "page": 1, "new": uuid.uuid4()}
        self.names["wallet"] = member.address
        self.names["session_id"] = stoa.sql(
            "SELECT id FROM sessions WHERE user_id = %s ORDER BY created_at LIMIT 1", [member.id]
        )[0][0]
        if "{session_id}" in row:
            self.names["session_id"] = self.further_session(stoa)
        if "{upload_id}" in row:
            # A person has few unfinished ones.
            stoa.sql("DELETE FROM upload_sessions WHERE user_id = %s", [member.id])
            begun = member.http.post("/documents/uploads", headers=BEGIN)
            assert begun.status_code == 201, begun.text
            self.names["upload_id"] = begun.json()["id"]
        has_conversation = "{conversation_id}" in row
        if "{room_id}" in row or "{doc_id}" in row or has_conversation:
            self.make_room()
        if "{message_id}" in row:
            sent = self.ok(member, "POST", "/messages", json={"content": "A", "client_msg_id": "a"})
            self.names["message_id"] = sent.json()["id"]
        if "{doc_id}" in row or "/ask" in row or has_conversation:
            self.upload()
        if any(part in row for part in NEED_THE_TEXT) or has_conversation:
            wait_until("the document is ready", self.is_ready)
        if has_conversation:
            path = f"/documents/{self.names['doc_id']}/chat"
            answer = member.http.post(path, json=QUESTION)
            assert answer.ok, answer.text
            for name in ("conversation_id", "message_id"):
                self.names[name] = answer.json()[name]
        if "{highlight_id}" in row:
            marked = member.http.post(
                f"/documents/{self.names['doc_id']}/highlights",
                json={"quote": "A lease", "room_id": self.names["room_id"]},
            )
            assert marked.ok, marked.text
            self.names["highlight_id"] = marked.json()["id"]

    def further_session(self, stoa):
        """Another of the member's, so that the one the tests use goes on."""
        session = uuid.uuid4()
        member = self.people["member"]
        stoa.sql(
            "INSERT INTO sessions (id, user_id, wallet_address, expires_at)"
            " VALUES (%s, %s, %s, now() + interval '1 hour')",
            [session, member.id, member.address],
        )
        return session

    def ok(self, user, method, path, **more):
        answer = user.http.request(method, f"/rooms/{self.names['room_id']}{path}", **more)
        assert answer.ok, answer.text
        return answer

    def make_room(self):
        owner = self.people["owner"]
        room = owner.room(room_type="private")["id"]
        self.names["room_id"] = room
        code = self.ok(owner, "POST", "/invites", json={"uses_max": 9}).json()["code"]
        for who in ("member", "moderator", "banned"):
            joined = self.people[who].http.post(
                "/rooms/join", json={"room_id": room, "invite_code": code}
            )
            assert joined.ok, joined.text
        for who, change in (("moderator", {"role": "moderator"}), ("banned", {"is_banned": True})):
            self.ok(owner, "PATCH", f"/participants/{self.people[who].id}", json=change)

    def upload(self):
        answer = self.people["member"].http.post(
            "/documents/upload",
            files={"file": ("notes.txt", f"A lease lapses. {uuid.uuid4()}", "text/plain")},
            data={"room_id": self.names["room_id"]},
        )
        assert answer.status_code == 202, answer.text
        self.names["doc_id"] = answer.json()["id"]

    def is_ready(self):
        path = f"/documents/{self.names['doc_id']}"
        return self.people["member"].http.get(path).json()["status"] == "ready"

    def fill(self, value):
        if isinstance(value, dict):
            return {name: self.fill(inner) for name, inner in value.items()}
        return value.format(**self.names) if isinstance(value, str) else value


def ask(stoa, place, who, route, body):
    method, path = route.split(" ", 1)
    headers = {}
    if who != "anonymous":
        headers["Authorization"] = f"Bearer {place.people[who].token}"
    sent = {"json": place.fill(body)} if isinstance(body, dict) else {}
    if body == "file":
        text = f"Text of {who}, {uuid.uuid4()}"
        sent = {"files": {"file": ("notes.txt", text, "text/plain")}}
    headers |= BEGIN if body == "begin" else APPEND if body == "bytes" else {}
    return requests.request(
        method, stoa.url + place.fill(path), headers=headers, timeout=60, **sent
    )


@pytest.mark.parametrize("route", [route for route, (_, cells) in TABLE.items() if cells])
def test_each_kind_of_person_gets_what_the_table_says(stoa, people, route):
    body, expected = TABLE[route]
    row = f"{route} {body}"
    changes_nothing = route.startswith("GET ") or "/ask" in route or "/chat" in route
    shared = Place(stoa, people, row) if changes_nothing else None
    seen = []
    for who in WHO:
        place = shared or Place(stoa, people, row)
        seen.append(str(ask(stoa, place, who, route, body).status_code))
    assert dict(zip(WHO, seen)) == dict(zip(WHO, expected.split()))


@pytest.mark.parametrize("route", SOCKETS)
def test_sockets_are_for_those_in_the_room(stoa, people, route):
    place = Place(stoa, people, route)
    room, path = place.names["room_id"], route.removeprefix("GET ").removesuffix("{room_id}")
    for who in ("member", "moderator", "owner"):
        client = RoomClient.of(people[who], room, path=path)
        client.close()
    closed = {"stranger": 4404, "admin": 4404, "banned": 4403}
    for who, code in closed.items():
        client = RoomClient(stoa.url, room, bearer=people[who].token, path=path)
        assert client.wait_for_close() == code, who


def test_in_a_public_room_the_platform_s_roles_count(stoa, people, new_user):
    owner, member, moderator = new_user(), new_user(), new_user()
    assert stoa.run("users", "set-role", moderator.address, "moderator").returncode == 0
    room = owner.room()["id"]
    assert member.http.post("/rooms/join", json={"room_id": room}).ok
    path = f"/rooms/{room}"
    sent = {"content": "Spam", "client_msg_id": "s"}
    message = member.http.post(f"{path}/messages", json=sent).json()["id"]
    stranger = people["stranger"]
    assert stranger.http.get(f"{path}/messages").status_code == 403
    assert moderator.http.get(f"{path}/messages").status_code == 200
    assert stranger.http.delete(f"{path}/messages/{message}").status_code == 403
    assert moderator.http.delete(f"{path}/messages/{message}").status_code == 204
    banned = f"{path}/participants/{member.id}"
    assert moderator.http.patch(banned, json={"is_banned": True}).status_code == 200
    assert moderator.http.delete(path).status_code == 403, "closing is the owner's and the admins'"
    assert people["admin"].http.delete(path).status_code == 204
    actions = people["admin"].http.get("/admin/audit", params={"limit": 10}).json()["items"]
    told = [(entry["action"], entry["actor_id"]) for entry in actions]
    removed = next(entry for entry in actions if entry["action"] == "message_removed")
    assert (removed["actor_id"], removed["subject"]) == (moderator.id, message)
    assert (removed["detail"]["person"], removed["detail"]["room"]) == (member.id, room)
    assert ("participant_banned", moderator.id) in told
    assert ("room_closed", people["admin"].id) in told


def test_what_lets_people_in_is_in_the_audit_log(stoa, people, new_user):
    owner = new_user()
    room = owner.room(room_type="private")["id"]
    invite = owner.http.post(f"/rooms/{room}/invites", json={}).json()
    reused = owner.http.post("/auth/refresh", json={"refresh_token": owner.refresh_token})
    again = owner.http.post("/auth/refresh", json={"refresh_token": owner.refresh_token})
    assert (reused.status_code, again.status_code) == (200, 401)
    told = people["admin"].http.get("/admin/audit", params={"actor_id": owner.id}).json()["items"]
    assert [entry["action"] for entry in told] == [
        "refresh_reused",
        "invite_created",
        "signed_in",
        "user_created",
    ]
    assert told[0]["detail"]["remote_address"] == "127.0.0.1"
    assert (told[1]["subject"], told[1]["detail"]["room"]) == (invite["id"], room)
    assert invite["code"] not in str(told)


def test_what_opens_or_closes_a_document_is_in_the_audit_log(stoa, people):
    place = Place(stoa, people, "{room_id} {doc_id}")
    document, ada = place.names["doc_id"], people["member"]
    path = f"/documents/{document}"
    share = {"document_id": document, "user_id": people["owner"].id, "permission_type": "write"}
    assert ada.http.post("/documents/share", json=share).ok
    who = {"user_id": people["owner"].id}
    assert ada.http.delete(f"{path}/permissions", params=who).status_code == 204
    assert ada.http.patch(path, json={"is_public": True}).ok
    assert ada.http.patch(path, json={"is_public": False}).ok
    replacement = {"file": ("new.txt", "Leases lapse.", "text/plain")}
    assert ada.http.put(f"{path}/file", files=replacement).status_code == 202
    assert ada.http.delete(path).status_code == 204
    told = people["admin"].http.get("/admin/audit", params={"actor_id": ada.id}).json()["items"]
    acts = [entry["action"] for entry in told if entry["subject"] == document]
    assert acts == [
        "document_deleted",
        "document_replaced",
        "document_unpublished",
        "document_published",
        "document_unshared",
        "document_shared",
    ]
    shared = next(entry for entry in told if entry["action"] == "document_shared")
    assert (shared["detail"]["person"], shared["detail"]["role"]) == (who["user_id"], "write")


def test_every_route_is_in_the_table(stoa):
    routes = stoa.run("routes").stdout.splitlines()
    there = {" ".join(line.split()[:2]) for line in routes}
    told = {route.split("?")[0] for route in TABLE} | set(SOCKETS)
    assert there == told
