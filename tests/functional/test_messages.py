# SPDX-License-Identifier: Apache-2.0
"""Messages by REST: their pages, and that a page read before shows what has changed since."""

import uuid

from test_chat import messages, post


def test_messages_come_in_pages_both_ways(two):
    ada, bob, room = two
    seqs = [post(ada, room, f"{i}").json()["seq"] for i in range(7)]
    found, cursor = [], ""
    while cursor is not None:
        page = bob.http.get(
            f"/rooms/{room}/messages?limit=3" + (f"&cursor={cursor}" if cursor else "")
        ).json()
        found += [m["seq"] for m in page["items"]]
        cursor = page["next_cursor"]
    assert found == seqs[::-1]
    assert [m["seq"] for m in messages(bob, room, f"before_seq={seqs[2]}")] == [seqs[1], seqs[0]]
    assert [m["seq"] for m in messages(bob, room, f"after_seq={seqs[4]}")] == seqs[5:]
    for query in ("limit=0", "before_seq=x", "pinned=maybe", "cursor=x", "order=up"):
        assert bob.http.get(f"/rooms/{room}/messages?{query}").status_code == 422, query
    assert post(ada, room, "x", message_type="system").status_code == 422
    assert post(ada, room, "x", colour="red").status_code == 422
    assert post(ada, room, "x", reply_to_id=str(uuid.uuid4())).status_code == 404


def test_a_page_read_before_shows_every_change_at_once(stoa, two, other_node):
    """Bob reads on one node the page that it keeps, Ada changes things on the other."""
    ada, bob, room = two
    there = ada.at(other_node).http
    first, at = post(ada, room, "first").json()["id"], f"/rooms/{room}/messages"

    def change(method, path, **more):
        before = messages(bob, room)
        assert messages(bob, room) == before
        answer = there.request(method, path, **more)
        assert answer.status_code < 300, answer.text
        now = messages(bob, room)
        assert now != before, f"{method} {path} is not seen"
        assert now == there.get(f"{at}?limit=100").json()["items"]
        return now

    sent = {"content": "second", "client_msg_id": str(uuid.uuid4())}
    assert change("POST", at, json=sent)[0]["content"] == "second"
    assert change("PATCH", f"{at}/{first}", json={"content": "new"})[1]["content"] == "new"
    assert change("PUT", f"{at}/{first}/reactions/+1")[1]["reactions"] == {ada.id: ["+1"]}
    assert change("DELETE", f"{at}/{first}/reactions/+1")[1]["reactions"] == {}
    assert change("PUT", f"{at}/{first}/pin")[1]["is_pinned"]
    assert not change("DELETE", f"{at}/{first}/pin")[1]["is_pinned"]
    name = {"name": "Countess"}
    assert change("PATCH", "/users/profile", json=name)[0]["user"]["name"] == "Countess"
    assert change("DELETE", f"{at}/{first}")[1]["is_deleted"]

    place = f"/rooms/{room}/participants/{bob.id}"
    assert there.patch(place, json={"is_banned": True}).status_code == 200
    assert bob.http.get(at).json()["code"] == "banned"
    assert messages(ada, room)
    assert there.post("/auth/wallet/disconnect", json={}).status_code == 204
    assert ada.http.get(at).json()["code"] == "session_revoked"
