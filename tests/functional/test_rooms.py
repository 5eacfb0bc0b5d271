# SPDX-License-Identifier: Apache-2.0
"""Rooms through the API: making, finding, entering, leaving, and who may do what."""

import concurrent.futures
import uuid

import psycopg
import pytest
from stack import wait_until

MINT = "So11111111111111111111111111111111111111112"


def code(answer, status):
    assert answer.status_code == status, answer.text
    return answer.json()["code"]


def join(user, room, invite_code=None):
    body = {"room_id": room["id"]}
    if invite_code is not None:
        body["invite_code"] = invite_code
    return user.http.post("/rooms/join", json=body)


def leave(user, room):
    return user.http.post("/rooms/leave", json={"room_id": room["id"]})


def test_a_room_from_the_first_to_the_last_day(new_user):
    ada, bob = new_user(), new_user()
    room = ada.room(name="Analysis I", description="Thursdays", max_participants=7)
    assert room["name"] == "Analysis I" and room["description"] == "Thursdays"
    assert (
        room["creator_id"] == ada.id
        and room["participant_count"] == 1
        and room["max_participants"] == 7
    )
    assert room["min_token_amount"] == "0" and room["created_at"].endswith("Z")

    joined = join(bob, room)
    assert joined.status_code == 200, joined.text
    assert (
        joined.json()["access"]["granted"] is True and joined.json()["access"]["reason"] == "public"
    )
    assert (
        joined.json()["participant"]["user_id"] == bob.id
        and joined.json()["participant"]["role"] == "member"
    )
    assert join(bob, room).json()["access"]["reason"] == "already_member"
    assert bob.http.get(f"/rooms/{room['id']}").json()["participant_count"] == 2
    people = ada.http.get(f"/rooms/{room['id']}/participants").json()
    assert [p["user_id"] for p in people["items"]] == [ada.id, bob.id] and people[
        "next_cursor"
    ] is None

    changed = ada.http.patch(f"/rooms/{room['id']}", json={"name": "Analysis II"})
    assert changed.json()["name"] == "Analysis II" and changed.json()["description"] == "Thursdays"
    assert leave(bob, room).status_code == 204
    assert code(leave(bob, room), 403) == "not_a_participant"
    log = ada.http.get(f"/rooms/{room['id']}/events").json()["items"]
    assert [(e["seq"], e["type"]) for e in log] == [
        (1, "user_joined"),
        (2, "room_updated"),
        (3, "user_left"),
    ]
    assert log[0]["data"]["user"]["id"] == bob.id and log[2]["data"]["reason"] == "left"
    first = ada.http.get(f"/rooms/{room['id']}/events?limit=2").json()
    rest = ada.http.get(f"/rooms/{room['id']}/events?limit=2&cursor={first['next_cursor']}").json()
    assert first["items"] + rest["items"] == log and rest["next_cursor"] is None
    assert ada.http.get(f"/rooms/{room['id']}/events?after_seq=2").json()["items"] == log[2:]

    assert ada.http.delete(f"/rooms/{room['id']}").status_code == 204
    assert code(ada.http.get(f"/rooms/{room['id']}"), 404) == "room_not_found"


@pytest.mark.parametrize(
    "fields,loc",
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": 5}, "name"),
        ({"name": "a\u0000b"}, "name"),
        ({"room_type": "secret"}, "room_type"),
        ({"max_participants": 0}, "max_participants"),
        ({"max_participants": 1.5}, "max_participants"),
        ({"description": "x" * 2001}, "description"),
        ({"owner": "me"}, "owner"),
        ({"room_type": "token_gated"}, "access_token_mint"),
        ({"room_type": "token_gated", "access_token_mint": "0" * 40}, "access_token_mint"),
        ({"room_type": "nft_gated"}, "access_nft_collection"),
        ({"access_token_mint": MINT}, "access_token_mint"),
        ({"min_token_amount": "1"}, "min_token_amount"),
        (
            {"room_type": "token_gated", "access_token_mint": MINT, "min_token_amount": "-1"},
            "min_token_amount",
        ),
    ],
)
def test_wrong_fields_are_named(new_user, fields, loc):
    answer = new_user().http.post(
        "/rooms/create", json={"name": "Room", "room_type": "public", **fields}
    )
    assert code(answer, 422) == "validation_failed"
    assert [error["loc"] for error in answer.json()["errors"]] == [["body", loc]]


def test_a_body_must_be_json(new_user):
    user = new_user()
    assert user.http.post("/rooms/create", data="{").status_code == 400
    assert user.http.post("/rooms/create", data="[" * 1000 + "]" * 1000).status_code == 400
    assert (
        user.http.post(
            "/rooms/create",
            data="a=b",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        ).status_code
        == 415
    )


def test_lists_come_in_pages(new_user):
    user, other = new_user(), new_user()
    word = uuid.uuid4().hex
    made = [
        user.room(name=f"{word} {i}", room_type="private" if i % 3 == 2 else "public")["id"]
        for i in range(6)
    ]
    public = [room for i, room in enumerate(made) if i % 3 != 2]

    def listed(who, query):
        found, cursor = [], ""
        while cursor is not None:
            page = who.http.get(
                f"/rooms/list?limit=2&{query}" + (f"&cursor={cursor}" if cursor else "")
            ).json()
            assert len(page["items"]) <= 2
            found += [room["id"] for room in page["items"]]
            cursor = page["next_cursor"]
        return found

    assert listed(user, f"q={word.upper()}") == sorted(made, reverse=True)
    assert listed(other, f"q={word}") == sorted(public, reverse=True)
    assert listed(user, "mine=true") == sorted(made, reverse=True)
    assert listed(user, f"q={word}&type=private") == sorted(set(made) - set(public), reverse=True)
    assert listed(other, "mine=true") == []
    for query in ("limit=0", "limit=101", "type=x", "mine=perhaps", "order=name", "cursor=x"):
        assert user.http.get(f"/rooms/list?{query}").status_code == 422, query


def test_a_private_room_opens_to_a_good_invite_only(new_user):
    ada, bob, eve = new_user(), new_user(), new_user()
    room = ada.room(room_type="private")
    assert code(eve.http.get(f"/rooms/{room['id']}"), 404) == "room_not_found"
    assert code(join(eve, room), 404) == "room_not_found"
    assert code(join(eve, room, "0" * 32), 404) == "room_not_found"
    made = ada.http.post(f"/rooms/{room['id']}/invites", json={})
    assert made.status_code == 201, made.text
    invite = made.json()
    assert invite["uses_max"] == 1
    other_room = ada.room(room_type="private")
    assert code(join(eve, other_room, invite["code"]), 404) == "room_not_found"
    assert join(bob, room, invite["code"]).json()["access"]["reason"] == "invite"
    assert code(join(eve, room, invite["code"]), 403) == "invite_invalid"
    assert code(bob.http.post(f"/rooms/{room['id']}/invites", json={}), 403) == "role_too_low"
    for wrong in ({"uses_max": 0}, {"expires_in_seconds": 1}, {"forever": True}):
        assert ada.http.post(f"/rooms/{room['id']}/invites", json=wrong).status_code == 422


def test_a_gate_nobody_can_check_stays_shut(new_user):
    ada, bob = new_user(), new_user()
    room = ada.room(
        room_type="token_gated", access_token_mint=MINT, min_token_amount="12345678901234567"
    )
    assert room["min_token_amount"] == "12345678901234567"
    answer = join(bob, room)
    assert code(answer, 503) == "gate_unsupported" and int(answer.headers["Retry-After"]) > 0
    assert join(ada, room).status_code == 200


def test_twenty_join_at_once_and_one_fits(stoa, new_user):
    ada = new_user()
    room = ada.room(max_participants=1)
    people = [new_user() for _ in range(20)]
    other = stoa.start_node()

    def all_join():
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            return list(
                pool.map(
                    lambda pair: join(pair[1].at(other) if pair[0] % 2 else pair[1], room),
                    enumerate(people),
                )
            )

    assert {code(answer, 409) for answer in all_join()} == {"room_full"}
    assert leave(ada, room).status_code == 204
    answers = all_join()
    stoa.stop_node(other)
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19
    assert ada.http.get(f"/rooms/{room['id']}").json()["participant_count"] == 1


def test_roles_kicks_and_bans(new_user):
    ada, bob, eve = new_user(), new_user(), new_user()
    room = ada.room()
    join(bob, room), join(eve, room)
    at = f"/rooms/{room['id']}/participants/"
    assert code(bob.http.delete(at + eve.id), 403) == "role_too_low"
    assert code(eve.http.patch(at + bob.id, json={"is_banned": True}), 403) == "role_too_low"
    assert code(ada.http.patch(at + bob.id, json={"role": "owner"}), 422) == "role_not_assignable"
    assert ada.http.patch(at + bob.id, json={"role": "moderator"}).json()["role"] == "moderator"
    assert code(bob.http.delete(at + ada.id), 403) == "role_too_low"
    assert bob.http.delete(at + eve.id).status_code == 204
    assert code(bob.http.delete(at + str(uuid.uuid4())), 404) == "participant_not_found"
    assert join(eve, room).status_code == 200
    assert bob.http.patch(at + eve.id, json={"is_banned": True}).json()["is_banned"] is True
    assert code(join(eve, room), 403) == "banned"
    assert code(eve.http.get(f"/rooms/{room['id']}/messages"), 403) == "banned"
    assert bob.http.patch(at + eve.id, json={"is_banned": False}).json()["is_banned"] is False
    assert join(eve, room).status_code == 200


def test_a_ban_puts_out_who_is_just_coming_back(stoa, new_user):
    ada, eve = new_user(), new_user()
    room = ada.room()
    join(eve, room), leave(eve, room)
    place = "FROM room_participants WHERE room_id = %s AND user_id = %s"
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND query ~ 'join_room|lock_room|update_participant|room_participants|study_rooms'"
    )
    with (
        concurrent.futures.ThreadPoolExecutor(2) as pool,
        psycopg.connect(stoa.database_url) as holder,
    ):
        holder.execute(f"SELECT user_id {place} FOR UPDATE", (room["id"], eve.id))
        joined = pool.submit(join, eve, room)
        wait_until("the join waits", lambda: stoa.sql(waiting)[0][0] == 1)
        path = f"/rooms/{room['id']}/participants/{eve.id}"
        banned = pool.submit(ada.http.patch, path, json={"is_banned": True})
        wait_until("the ban waits", lambda: stoa.sql(waiting)[0][0] == 2)
        holder.rollback()
        assert (joined.result().status_code, banned.result().status_code) == (200, 200)
    assert stoa.sql(f"SELECT is_banned, left_at IS NULL {place}", (room["id"], eve.id)) == [
        (True, False)
    ]
    log = ada.http.get(f"/rooms/{room['id']}/events").json()["items"]
    assert [e["type"] for e in log] == ["user_joined", "user_left"] * 2


INSIDE = [
    ("GET", "/participants", None),
    ("GET", "/events", None),
    ("GET", "/messages", None),
    ("POST", "/messages", {"content": "hi", "client_msg_id": "1"}),
    ("POST", "/invites", {}),
    ("PATCH", "", {"name": "Mine"}),
    ("DELETE", "", None),
    ("PATCH", "/participants/{id}", {"is_banned": True}),
    ("DELETE", "/participants/{id}", None),
    ("PATCH", "/messages/{id}", {"content": "x"}),
    ("DELETE", "/messages/{id}", None),
    ("PUT", "/messages/{id}/pin", None),
    ("PUT", "/messages/{id}/reactions/ok", None),
]


@pytest.mark.parametrize("method,path,body", INSIDE, ids=[f"{m} {p or '/'}" for m, p, _ in INSIDE])
def test_strangers_get_nothing_from_inside(new_user, method, path, body):
    ada, eve = new_user(), new_user()
    path = path.replace("{id}", str(uuid.uuid4()))
    for room_type, status in (("public", 403), ("private", 404)):
        room = ada.room(room_type=room_type)
        assert (
            eve.http.request(method, f"/rooms/{room['id']}{path}", json=body).status_code == status
        )
    assert eve.http.request(method, f"/rooms/{uuid.uuid4()}{path}", json=body).status_code == 404
    assert eve.http.request(method, f"/rooms/lobby{path}", json=body).status_code == 404
    nobody = eve.http.request(
        method, f"/rooms/{room['id']}{path}", json=body, headers={"Authorization": "Bearer x"}
    )
    assert nobody.status_code == 401 and nobody.headers["WWW-Authenticate"].startswith("Bearer")
