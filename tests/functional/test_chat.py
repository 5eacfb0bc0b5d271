# SPDX-License-Identifier: Apache-2.0
"""Chat over socket and REST: one gap-free sequence for everyone on every node, whatever dies."""

import base64
import concurrent.futures
import json
import signal
import time
import uuid

import pdfs
from room_client import RoomClient
from stack import wait_until
from test_documents import ready as ready_document


def post(user, room, text, client_msg_id=None, **more):
    return user.http.post(
        f"/rooms/{room}/messages",
        json={"content": text, "client_msg_id": client_msg_id or str(uuid.uuid4()), **more},
    )


def messages(user, room, query=""):
    answer = user.http.get(f"/rooms/{room}/messages?limit=100&{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def test_two_people_chat(two):
    ada, bob, room = two
    with (
        RoomClient.of(ada, room) as a,
        RoomClient.of(bob, room, path="/api/v1/websocket/rooms/") as b,
    ):
        assert a.ready["room_id"] == room and a.ready["data"]["resumed"] is False
        assert [p["user_id"] for p in a.ready["data"]["participants"]] == [ada.id, bob.id]
        ack = a.say('Hello "Bob" 🎓')
        seq, message_id = ack["data"]["seq"], ack["data"]["message_id"]
        assert ack["type"] == "ack" and seq == a.ready["data"]["seq"] + 1
        heard = b.wait_for("new_message")
        assert heard == a.wait_for("new_message")
        assert heard["seq"] == seq and heard["data"]["id"] == message_id
        assert (
            heard["data"]["content"] == 'Hello "Bob" 🎓' and heard["data"]["user"]["id"] == ada.id
        )
        assert messages(bob, room)[0] == heard["data"]

        assert (
            b.ask("chat_message", content="Hi", client_msg_id="1", reply_to_id=message_id)["type"]
            == "ack"
        )
        assert (
            a.wait_for("new_message", lambda f: f["seq"] == seq + 1)["data"]["reply_to_id"]
            == message_id
        )

        # Typing passes over Redis alone and may be lost: people type on, and so does Bob.
        def is_told():
            b.send("typing_start")
            return a.has("typing_status")

        wait_until("typing is told", is_told, every=0.5)
        assert a.wait_for("typing_status")["data"] == {"user_id": bob.id, "is_typing": True}
        assert b.ask("reaction_add", message_id=message_id, emoji="👍")["type"] == "ack"
        assert a.wait_for("reaction_updated")["data"]["reactions"] == {bob.id: ["👍"]}
        assert (
            b.ask("message_edit", message_id=message_id, content="x")["data"]["code"]
            == "not_the_author"
        )
        assert a.ask("message_edit", message_id=message_id, content="Hello")["type"] == "ack"
        assert b.wait_for("message_updated")["data"]["content"] == "Hello"

        assert post(bob, room, "by REST").status_code == 201
        assert a.wait_for("new_message", lambda f: f["data"]["content"] == "by REST")
        at = f"/rooms/{room}/messages/{message_id}"
        assert bob.http.put(at + "/reactions/%F0%9F%8E%89").json()["reactions"][bob.id] == [
            "👍",
            "🎉",
        ]
        assert bob.http.delete(at + "/reactions/%F0%9F%8E%89").json()["reactions"][bob.id] == ["👍"]
        assert bob.http.put(at + "/pin").status_code == 403
        assert ada.http.put(at + "/pin").json()["is_pinned"] is True
        assert [m["id"] for m in messages(bob, room, "pinned=true")] == [message_id]
        assert [m["content"] for m in messages(bob, room, "q=rest")] == ["by REST"]
        assert a.ask("message_delete", message_id=message_id)["type"] == "ack"
        deleted = b.wait_for("message_deleted")
        assert deleted["data"]["message_id"] == message_id
        log = ada.http.get(f"/rooms/{room}/events").json()["items"]
        assert "Hello" not in json.dumps(log)
        b.wait_for_seq(deleted["seq"])
        assert b.seqs() == list(range(seq, deleted["seq"] + 1))


def test_the_ways_to_sign_in(stoa, two):
    ada, _, room = two
    RoomClient.of(ada, room).close()
    by_protocol = RoomClient(stoa.url, room, subprotocols=["stoa.v1", f"bearer.{ada.token}"])
    by_protocol.wait_for("ready")
    assert by_protocol.socket.subprotocol == "stoa.v1"
    ticket = ada.http.post("/auth/ws-ticket").json()["ticket"]
    RoomClient(stoa.url, room, ticket=ticket).wait_for("ready")
    again = RoomClient(stoa.url, room, ticket=ticket)
    assert again.wait_for_close() == 4401

    by_frame = RoomClient(stoa.url, room)
    by_frame.send("auth", token=ada.token)
    by_frame.wait_for("ready")
    assert by_frame.ask("auth", token=ada.token)["data"]["code"] == "already_authenticated"
    text = (
        ada.http.post("/auth/siws/challenge", json={"address": ada.address})
        .json()["message"]
        .encode()
    )
    by_wallet = RoomClient(stoa.url, room)
    by_wallet.send(
        "auth",
        address=ada.address,
        signed_message=base64.b64encode(text).decode(),
        signature=base64.b64encode(bytes(ada.keypair.sign_message(text))).decode(),
    )
    by_wallet.wait_for("ready")


def test_who_may_not_enter_hears_why(stoa, two, new_user):
    ada, _, room = two
    eve = new_user()
    hidden = ada.room(room_type="private")["id"]
    for token, where, code, closed in [
        ("x", room, None, 4401),
        (ada.token[:-4] + "AAAA", room, None, 4401),
        (eve.token, room, "not_a_participant", 4403),
        (eve.token, hidden, "room_not_found", 4404),
        (eve.token, uuid.uuid4(), "room_not_found", 4404),
        (eve.token, "lobby", "room_not_found", 4404),
    ]:
        client = RoomClient(stoa.url, where, bearer=token)
        assert client.wait_for_close() == closed
        assert client.frames[0]["type"] == "error" and code in (
            None,
            client.frames[0]["data"]["code"],
        )
    for first in (
        '{"type":"ping"}',
        "nonsense",
        '{"type":"auth","data":{}}',
        '{"type":"auth","data":{"token":"x"}}',
    ):
        client = RoomClient(stoa.url, room)
        client.raw(first)
        assert client.wait_for_close() == 4401
    silent = RoomClient(stoa.url, room)
    assert silent.wait_for_close(20) == 4401


def test_bad_frames_leave_the_connection_open(two):
    ada, _, room = two
    with RoomClient.of(ada, room) as client:
        for raw, code in [
            ("", "malformed_json"),
            ("nonsense", "malformed_json"),
            ("[" * 1000 + "]" * 1000, "malformed_json"),
            ("[]", "validation_failed"),
            ('{"type":"dance"}', "unknown_type"),
            ('{"type":"ping","x":1}', "validation_failed"),
            ('{"type":"chat_message","data":{"content":"x"}}', "validation_failed"),
            (
                '{"type":"chat_message","data":{"content":"","client_msg_id":"1"}}',
                "validation_failed",
            ),
            (
                '{"type":"message_edit","data":{"message_id":"1","content":"x"}}',
                "validation_failed",
            ),
            ('{"type":"resume","data":{"since_seq":-1}}', "validation_failed"),
        ]:
            assert client.error_of(raw) == code, raw
        missing = str(uuid.uuid4())
        assert (
            client.ask("message_edit", message_id=missing, content="x")["data"]["code"]
            == "message_not_found"
        )
        assert (
            client.ask("chat_message", content="x" * 8001, client_msg_id="1")["data"]["code"]
            == "validation_failed"
        )
        assert client.ask("ping")["type"] == "pong"
        assert client.say("still here")["type"] == "ack"
        client.raw("x" * 70_000)
        assert client.wait_for_close() == 1009


def test_too_many_frames_are_refused_one_by_one(two):
    ada, _, room = two
    with RoomClient.of(ada, room) as client:
        for _ in range(100):
            client.raw('{"type":"typing_start"}')
        client.wait_for("error", lambda f: f["data"]["code"] == "rate_limited")
        wait_until(
            "the connection recovers", lambda: client.ask("ping")["type"] == "pong", every=0.5
        )


def test_the_same_client_msg_id_is_the_same_message(two):
    ada, bob, room = two
    with RoomClient.of(ada, room) as a, RoomClient.of(bob, room) as b:
        first = a.say("once", "c1")
        again = a.say("once", "c1")
        assert first["data"]["message_id"] == again["data"]["message_id"]
        assert first["data"]["seq"] == again["data"]["seq"]
        rest = post(ada, room, "once", "c1")
        assert rest.status_code == 201 and rest.json()["id"] == first["data"]["message_id"]
        assert a.say("twice", "c1")["data"]["code"] == "client_msg_id_reused"
        assert post(ada, room, "twice", "c1").status_code == 409
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(
                pool.map(lambda _: post(ada, room, "together", "c2").json()["id"], range(8))
            )
        assert len(set(answers)) == 1
        last = a.say("last")["data"]["seq"]
        b.wait_for_seq(last)
        assert [f["data"]["content"] for f in b.frames if f["type"] == "new_message"] == [
            "once",
            "together",
            "last",
        ]


def write_all(clients, count, pause=0.06):
    """Everyone says `count` things at once, below the rate limit; what was acknowledged, by seq."""

    def write(client):
        acked = {}
        for i in range(count):
            text = f"{uuid.uuid4()}"
            answer = client.say(text)
            assert answer["type"] == "ack", answer
            acked[answer["data"]["seq"]] = text
            time.sleep(pause)
        return acked

    with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
        told = {}
        for acked in pool.map(write, clients):
            assert not told.keys() & acked.keys()
            told |= acked
    return told


def check_sequence(clients, first, last, told):
    for client in clients:
        client.wait_for_seq(last)
        assert client.seqs() == list(range(first, last + 1))
        heard = {
            f["seq"]: f["data"]["content"] for f in client.frames if f["type"] == "new_message"
        }
        assert all(heard[seq] == text for seq, text in told.items())


def test_four_writers_on_two_nodes_make_one_sequence(stoa, two, other_node):
    ada, bob, room = two
    writers = [
        RoomClient.of(ada, room),
        RoomClient.of(bob, room),
        RoomClient.of(ada, room, other_node),
        RoomClient.of(bob, room, other_node),
    ]
    listener = RoomClient.of(bob, room, other_node)
    first = listener.ready["data"]["seq"] + 1
    told = write_all(writers, 50)
    check_sequence(writers + [listener], first, first + 199, told)
    contents = [m["content"] for m in messages(ada, room, "after_seq=0")]
    assert contents == [told[seq] for seq in sorted(told)][:100]
    for client in writers + [listener]:
        client.close()


def test_who_comes_back_gets_exactly_what_they_missed(stoa, two, other_node):
    ada, bob, room = two
    with RoomClient.of(ada, room) as a:
        for i in range(5):
            seen = a.say(f"{i}")["data"]["seq"]
        told = {}
        for i in range(30):
            ack = post(bob, room, f"missed {i}").json()
            told[ack["seq"]] = f"missed {i}"
        with RoomClient.of(bob, room, other_node, since=seen) as b:
            assert b.ready["data"]["resumed"] is True
            told[a.say("live")["data"]["seq"]] = "live"
            check_sequence([b], seen + 1, seen + 31, told)
        # The seam: coming back again and again while others write.
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            writing = pool.submit(write_all, [a], 60)
            back = [
                RoomClient.of(bob, room, other_node if i % 2 else stoa.url, since=seen)
                for i in range(8)
            ]
            told |= writing.result()
        check_sequence(back, seen + 1, max(told), told)
        again = back[0]
        again.frames.clear()
        again.send("resume", since_seq=seen + 10)
        again.wait_for("ready")
        check_sequence([again], seen + 11, max(told), {})
        for client in back:
            client.close()


def test_too_much_missed_is_a_reset(stoa, two):
    ada, _, room = two
    stoa.sql(
        "WITH moved AS (UPDATE room_sequences SET last_seq = last_seq + 1001 WHERE room_id = %s "
        "RETURNING last_seq) INSERT INTO room_events (room_id, seq, type, payload) "
        "SELECT %s, last_seq - n, 'room_updated', '{}' FROM moved, generate_series(0, 1000) n",
        (room, room),
    )
    with RoomClient.of(ada, room, since=0) as client:
        assert client.ready["data"]["resumed"] is False
        at = client.wait_for("reset")["data"]["seq"]
        assert client.say("on")["data"]["seq"] == at + 1
        client.wait_for_seq(at + 1)
        assert client.seqs() == [at + 1]


def test_redis_dies_and_nobody_misses_anything(stoa, two, other_node):
    ada, bob, room = two
    clients = [
        RoomClient.of(ada, room),
        RoomClient.of(bob, room),
        RoomClient.of(ada, room, other_node),
        RoomClient.of(bob, room, other_node),
    ]
    first = clients[0].ready["data"]["seq"] + 1
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write_all, clients, 60)
        time.sleep(1)
        stoa.stop_redis()
        time.sleep(2)
        stoa.start_redis()
        told = writing.result()
    check_sequence(clients, first, first + 239, told)
    stoa.stop_redis()
    told = write_all(clients, 5)
    late = RoomClient.of(bob, room, other_node, since=first - 1)
    check_sequence(clients + [late], first, first + 259, told)
    for client in clients + [late]:
        client.close()


def test_postgresql_dies_in_flight_and_nothing_acknowledged_is_lost(stoa, two, other_node):
    ada, bob, room = two
    clients = [RoomClient.of(ada, room), RoomClient.of(bob, room, other_node)]
    first = clients[0].ready["data"]["seq"] + 1
    told, refused = {}, []

    def write(client):
        deadline = time.monotonic() + 8
        while time.monotonic() < deadline:
            text = client_msg_id = str(uuid.uuid4())
            while True:
                answer = client.say(text, client_msg_id)
                if answer["type"] == "ack":
                    told[answer["data"]["seq"]] = text
                    break
                refused.append(answer["data"]["code"])
                time.sleep(0.3)
            time.sleep(0.06)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        writing = [pool.submit(write, client) for client in clients]
        time.sleep(2)
        stoa.stop_postgres(signal.SIGQUIT)
        answer = post(ada, room, "now?")
        assert answer.status_code == 503 and int(answer.headers["Retry-After"]) >= 1
        time.sleep(1)
        stoa.start_postgres()
        for done in writing:
            done.result()
    assert refused and set(refused) <= {
        "database_unavailable",
        "commit_unknown",
        "statement_timeout",
    }, set(refused)
    last = post(ada, room, "after").json()["seq"]
    check_sequence(clients, first, last, told)
    stored = {m["seq"]: m["content"] for m in messages(ada, room)}
    assert all(stored[seq] == told[seq] for seq in told if seq in stored)
    for client in clients:
        client.close()


def test_whoever_is_put_out_is_out_at_once(stoa, two, other_node, new_user):
    ada, bob, room = two
    at = f"/rooms/{room}/participants/{bob.id}"
    with RoomClient.of(ada, room) as a:
        for put_out, reason in [
            (lambda: ada.http.delete(at), "kicked"),
            (lambda: bob.http.post("/rooms/leave", json={"room_id": room}), "left"),
            (lambda: ada.http.patch(at, json={"is_banned": True}), "banned"),
        ]:
            b = RoomClient.of(bob, room, other_node)
            assert put_out().status_code in (200, 204)
            assert b.wait_for("access_revoked")["data"]["reason"] == reason
            assert b.wait_for_close() == 1008
            a.wait_for("user_left", lambda f: f["data"]["reason"] == reason)
            bob.http.post("/rooms/join", json={"room_id": room})
        assert RoomClient(stoa.url, room, bearer=bob.token).wait_for_close() == 4403
        assert post(bob, room, "hi").json()["code"] == "banned"


def test_a_revoked_session_loses_its_sockets(two):
    _, bob, room = two
    client = RoomClient.of(bob, room)
    assert bob.http.post("/auth/wallet/disconnect", json={}).status_code == 204
    assert client.wait_for("access_revoked")["data"]["reason"] == "session_revoked"
    assert client.wait_for_close() == 1008


def test_a_question_is_answered_into_the_room(stoa, two, other_node):
    ada, bob, room = two
    with RoomClient.of(ada, room) as a, RoomClient.of(bob, room, other_node) as b:
        frame_id = a.send("socratic_query", question="At what temperature does caesium boil?")
        nothing = a.wait_for("error", lambda f: f["data"].get("id") == frame_id)
        assert nothing["data"]["code"] == "nothing_to_read"
        document = ready_document(ada, pdfs.facts_pdf(), room_id=room)
        ack = a.ask(
            "socratic_query",
            question="At what temperature does caesium boil?",
            document_id=document["id"],
        )
        assert ack["type"] == "ack"
        final = b.wait_for("socratic_response", lambda f: "seq" in f, seconds=60)
        assert (
            "page 2" in final["data"]["answer"] and final["data"]["query_id"] == ack["data"]["id"]
        )
        assert final["data"]["sources"][0]["document_id"] == document["id"]
        assert final["data"]["sources"][0]["page"] == 2 and final["data"]["user_id"] == ada.id
        b.wait_for("document_status")
        assert a.say("thank you")["type"] == "ack"


def test_a_document_is_shared_from_the_chat(two, other_node):
    ada, bob, room = two
    document = ready_document(ada, pdfs.facts_pdf(), title="Facts")
    with RoomClient.of(ada, room) as a, RoomClient.of(bob, room, other_node) as b:
        assert bob.http.get(f"/documents/{document['id']}").status_code == 404
        assert (
            b.ask("document_share", document_id=document["id"])["data"]["code"]
            == "document_not_found"
        )
        assert a.ask("document_share", document_id=document["id"])["type"] == "ack"
        assert b.wait_for("document_shared")["data"]["document"]["id"] == document["id"]
        told = b.wait_for("new_message")["data"]
        assert (told["message_type"], told["document_id"], told["content"]) == (
            "document_share",
            document["id"],
            "Facts",
        )
        assert bob.http.get(f"/documents/{document['id']}").status_code == 200
